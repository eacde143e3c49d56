// SPDX-License-Identifier: MIT
// The C library's dlsym(), for programs that put one of their own in its place.
#pragma once

#include <cstdlib>
#include <dlfcn.h>
#include <initializer_list>

namespace zc::test {

using FindSymbol = void *(*)(void *library, const char *name);

// dlsym() has carried different versions over time; the oldest of each architecture comes last.
inline FindSymbol realDlsym()
{
    for (const char *version : {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"})
        if (void *found = dlvsym(RTLD_NEXT, "dlsym", version))
            return reinterpret_cast<FindSymbol>(found);
    std::abort();
}

} // namespace zc::test
