# cmake -DTOOL=drone -DBOARD=drone-board -DVERSION=1.2.3 -DCONTACT="Name <mail>" -DFOLDER=folder
#       -P make_documentation.cmake
# Manual pages in FOLDER/man1 and completion for bash, zsh and fish in FOLDER, all of them as the tools print them, and
# Debian's changelog. Pages and changelog are compressed, as Debian's policy asks.
function(tool_prints file)
    execute_process(COMMAND ${TOOL} print ${ARGN} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
    file(WRITE ${file} "${text}")
endfunction()

file(REMOVE_RECURSE ${FOLDER})
execute_process(COMMAND ${TOOL} print commands OUTPUT_VARIABLE commands COMMAND_ERROR_IS_FATAL ANY)
string(STRIP "${commands}" commands)
string(REPLACE "\n" ";" commands "${commands}")
foreach(command IN LISTS commands)
    string(REPLACE " " ";" words "${command}")
    string(REPLACE " " "-" page "${command}")
    list(POP_FRONT words)
    tool_prints(${FOLDER}/man1/${page}.1 man ${words})
endforeach()
foreach(shell IN ITEMS bash zsh fish)
    tool_prints(${FOLDER}/drone.${shell} completion ${shell})
endforeach()

set(help "")
foreach(command IN ITEMS "" flash run reset stlink)
    execute_process(COMMAND ${BOARD} ${command} --help OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
    string(APPEND help "${text}\n")
endforeach()
string(REPLACE "\\" "\\e" help "${help}")
string(REPLACE "-" "\\-" help "${help}")
string(REPLACE "'" "\\(aq" help "${help}")
file(WRITE ${FOLDER}/man1/drone-board.1 ".TH DRONE\\-BOARD 1 \"\" \"drone ${VERSION}\"
.SH NAME
drone\\-board \\- a virtual Cortex\\-M board
.SH DESCRIPTION
.nf
${help}.fi
.SH SEE ALSO
.BR drone (1)
")

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH where it is set
file(WRITE ${FOLDER}/changelog "drone (${VERSION}) unstable; urgency=medium

  * CHANGELOG.md beside this file says what has changed.

 -- ${CONTACT}  ${date}
")
file(GLOB plain ${FOLDER}/man1/* ${FOLDER}/changelog)
execute_process(COMMAND gzip -9n ${plain} COMMAND_ERROR_IS_FATAL ANY)
file(TOUCH ${FOLDER}/made)
