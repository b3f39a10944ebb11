    .section .rodata
    .global script, script_end
script:
    .incbin SCRIPT
script_end:
    .byte 0
