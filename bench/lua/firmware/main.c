/* SPDX-License-Identifier: MIT */

/* Runs the script that is in flash; what it prints goes to port 0. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

extern const char script[], script_end[];

static const luaL_Reg libraries[] = {
    {LUA_GNAME, luaopen_base},
    {LUA_TABLIBNAME, luaopen_table},
    {LUA_STRLIBNAME, luaopen_string},
    {LUA_MATHLIBNAME, luaopen_math},
};

int main(void) {
    lua_State* const L = luaL_newstate();
    if (L == NULL) {
        puts("no memory for a Lua state");
        return 1;
    }
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; ++i) {
        luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
        lua_pop(L, 1);
    }
    const int failed = luaL_loadbuffer(L, script, (size_t)(script_end - script), "=script") ||
                       lua_pcall(L, 0, 0, 0);
    if (failed) printf("script failed: %s\n", lua_tostring(L, -1));
    lua_close(L);
#if defined(FOOTPRINT)
    extern size_t sbrk_bytes(void);
    printf("asked the system for %u bytes\n", (unsigned)sbrk_bytes());
#endif
    puts(failed ? "failed" : "done");
    return failed;
}
