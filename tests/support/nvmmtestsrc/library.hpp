// SPDX-License-Identifier: MIT
// libnvbufsurface as nvmmtestsrc uses it: NVIDIA's own or the stand-in, found at run time.
#pragma once

#include "../fake_nvbufsurface/abi.hpp"

#include <string>

namespace zc::nvmm_test {

struct Library {
    int (*create)(void **surface, std::uint32_t batchSize, const void *params);
    int (*destroy)(void *surface);
    int (*map)(void *surface, int index, int plane, int flags);
    int (*unmap)(void *surface, int index, int plane);
    int (*syncForDevice)(void *surface, int index, int plane);
    int (*mapEgl)(void *surface, int index);
    int (*unmapEgl)(void *surface, int index);
    bool newAbi;
    // Of the stand-in, or null.
    void (*quiet)(int on);
    int (*checkSynced)(void *surface);
    unsigned char *(*plane)(void *surface, unsigned index, unsigned plane, std::size_t *pitch);
    void (*setProtected)(int on);
};

// Null, with what the loader said in `why`.
const Library *library(std::string &why);

// What the source does is not counted as the calls of the program under test.
class Quiet {
public:
    explicit Quiet(const Library &library) : quiet_(library.quiet)
    {
        if (quiet_ != nullptr)
            quiet_(1);
    }
    ~Quiet()
    {
        if (quiet_ != nullptr)
            quiet_(0);
    }
    Quiet(const Quiet &) = delete;
    Quiet &operator=(const Quiet &) = delete;

private:
    void (*quiet_)(int);
};

// Brings rows into one plane, whatever the memory is. False if there is no way.
bool writePlane(const Library &library, void *surface, unsigned index, unsigned plane, const unsigned char *rows,
                std::size_t rowBytes, unsigned count);

} // namespace zc::nvmm_test
