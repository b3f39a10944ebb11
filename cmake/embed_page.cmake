# cmake -DPAGE=host/report/page -DUPLOT=folder -DSCRIPTS=a.js,b.js -DOUTPUT=parts.cpp -P embed_page.cmake
# The page of `drone heap report` without its data, as C++. Without UPLOT there is no page.

# What an HTML page names a script by that it trusts.
function(base64_of_hex result hex)
    set(digits ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
    set(text "")
    string(APPEND hex 00) # 32 bytes are two more than a multiple of three
    foreach(at RANGE 0 60 6)
        string(SUBSTRING ${hex} ${at} 6 three)
        foreach(shift IN ITEMS 18 12 6 0)
            math(EXPR digit "(0x${three} >> ${shift}) & 63")
            string(SUBSTRING ${digits} ${digit} 1 digit)
            string(APPEND text ${digit})
        endforeach()
    endforeach()
    string(REGEX REPLACE ".$" "=" text ${text})
    set(${result} ${text} PARENT_SCOPE)
endfunction()

set(before "")
set(after "")
if(UPLOT)
    file(READ ${PAGE}/template.html page)
    file(READ ${PAGE}/page.css style)
    file(READ ${UPLOT}/uPlot.min.css uplot_style)
    file(READ ${UPLOT}/uPlot.iife.min.js uplot)
    file(READ ${UPLOT}/LICENSE license)
    set(own "")
    string(REPLACE "," ";" SCRIPTS "${SCRIPTS}")
    foreach(script IN LISTS SCRIPTS)
        file(READ ${PAGE}/${script} text)
        string(APPEND own "${text}\n")
    endforeach()
    string(STRIP "${license}" license)
    set(script "/* uPlot\n${license} */\n${uplot}\n(() => {\n'use strict';\n${own}})();\n")
    string(SHA256 hash "${script}")
    base64_of_hex(hash ${hash})
    string(REPLACE "/*SCRIPT_HASH*/" "${hash}" page "${page}")
    string(REPLACE "/*STYLE*/" "${uplot_style}\n${style}" page "${page}")
    string(FIND "${page}" "/*DATA*/" at)
    string(SUBSTRING "${page}" 0 ${at} before)
    math(EXPR at "${at} + 8")
    string(SUBSTRING "${page}" ${at} -1 after)
    string(REPLACE "/*SCRIPT*/" "${script}" after "${after}")
endif()
file(WRITE ${OUTPUT} "// Made by cmake/embed_page.cmake.
#include \"report/page/parts.hpp\"

namespace drone::report::page_parts {

const std::string_view before_data = R\"~page~(${before})~page~\";
const std::string_view after_data = R\"~page~(${after})~page~\";

} // namespace drone::report::page_parts
")
