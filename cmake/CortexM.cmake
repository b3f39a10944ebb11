# What the compiler must know of a Cortex-M core, for the toolchain file and for cross-compiled tests.

# drone_cortex_m_flags(OUT cortex-m4 [soft|single]): compiler flags of that core, as a list.
function(drone_cortex_m_flags out cpu float)
    set(fpu_cortex-m4 fpv4-sp-d16)
    set(fpu_cortex-m7 fpv5-d16)
    set(fpu_cortex-m33 fpv5-sp-d16)
    if(float STREQUAL "single")
        set(fpu_cortex-m7 fpv5-sp-d16)
    endif()
    set(flags -mcpu=${cpu} -mthumb -ffunction-sections -fdata-sections)
    if(DEFINED fpu_${cpu} AND NOT float STREQUAL "soft")
        list(APPEND flags -mfpu=${fpu_${cpu}} -mfloat-abi=hard)
    else()
        list(APPEND flags -mfloat-abi=soft)
    endif()
    set(${out} ${flags} PARENT_SCOPE)
endfunction()

# drone_memory_script(FOLDER FLASH_ORIGIN FLASH_SIZE RAM_ORIGIN RAM_SIZE)
# Writes FOLDER/memory.ld, which arch/cortex_m/cortex_m.ld includes.
function(drone_memory_script folder flash_origin flash_size ram_origin ram_size)
    file(CONFIGURE OUTPUT ${folder}/memory.ld CONTENT
"MEMORY
{
    FLASH (rx)  : ORIGIN = @flash_origin@, LENGTH = @flash_size@
    RAM   (rwx) : ORIGIN = @ram_origin@, LENGTH = @ram_size@
}
" @ONLY)
endfunction()
