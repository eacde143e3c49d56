// SPDX-License-Identifier: MIT
#include "storage.hpp"

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace zc::fake_nvbuf {

namespace {

constexpr unsigned kAttachGlobal = 1;

template <class F> bool find(void *library, F &function, const char *name)
{
    function = reinterpret_cast<F>(dlsym(library, name));
    return function != nullptr;
}

bool bind(void *library, Cuda &c)
{
    find(library, c.eglCreate, "zc_fake_egl_image_create");
    find(library, c.eglDestroy, "zc_fake_egl_image_destroy");
    find(library, c.eglUsers, "zc_fake_egl_image_users");
    find(library, c.quiet, "zc_fake_quiet");
    return c.eglCreate != nullptr && find(library, c.init, "cuInit") &&
           find(library, c.primaryRetain, "cuDevicePrimaryCtxRetain") &&
           find(library, c.primaryRelease, "cuDevicePrimaryCtxRelease_v2") &&
           find(library, c.push, "cuCtxPushCurrent_v2") && find(library, c.pop, "cuCtxPopCurrent_v2") &&
           find(library, c.memAlloc, "cuMemAlloc_v2") && find(library, c.memAllocManaged, "cuMemAllocManaged") &&
           find(library, c.memAllocHost, "cuMemAllocHost_v2") && find(library, c.memFree, "cuMemFree_v2") &&
           find(library, c.memFreeHost, "cuMemFreeHost");
}

// The driver's calls are not to be counted as the program's.
class Quiet {
public:
    explicit Quiet(const Cuda &c) : quiet_(c.quiet)
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

// The primary context of a GPU, current while this lives.
class Primary {
public:
    Primary(const Cuda &c, unsigned gpu) : cuda_(c), gpu_(static_cast<int>(gpu))
    {
        held_ = c.init(0) == 0 && c.primaryRetain(&context_, gpu_) == 0;
        pushed_ = held_ && c.push(context_) == 0;
    }
    ~Primary()
    {
        void *popped = nullptr;
        if (pushed_)
            cuda_.pop(&popped);
        if (held_)
            cuda_.primaryRelease(gpu_);
    }
    Primary(const Primary &) = delete;
    Primary &operator=(const Primary &) = delete;
    explicit operator bool() const { return pushed_; }

private:
    const Cuda &cuda_;
    int gpu_;
    void *context_ = nullptr;
    bool held_ = false, pushed_ = false;
};

std::size_t pageSize()
{
    static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

std::size_t wholePages(std::size_t bytes)
{
    return (bytes + pageSize() - 1) / pageSize() * pageSize();
}

// Room for the bytes and a page that stays unreadable.
std::uint8_t *reserve(std::size_t bytes)
{
    void *at =
        mmap(nullptr, wholePages(bytes) + pageSize(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? nullptr : static_cast<std::uint8_t *>(at);
}

int allocate(const Cuda &c, Storage::Kind kind, std::size_t bytes, std::uint8_t *&out)
{
    std::uint64_t address = 0;
    void *host = nullptr;
    int error = 0;
    if (kind == Storage::Kind::CudaPinned)
        error = c.memAllocHost(&host, bytes);
    else if (kind == Storage::Kind::CudaManaged)
        error = c.memAllocManaged(&address, bytes, kAttachGlobal);
    else
        error = c.memAlloc(&address, bytes);
    out = host != nullptr ? static_cast<std::uint8_t *>(host) : reinterpret_cast<std::uint8_t *>(address);
    return error;
}

} // namespace

const Cuda *cuda()
{
    static Cuda found;
    static const bool ready = [] {
        void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
        return library != nullptr && bind(library, found);
    }();
    return ready ? &found : nullptr;
}

Storage &Storage::operator=(Storage &&other) noexcept
{
    if (this == &other)
        return *this;
    reset();
    kind_ = std::exchange(other.kind_, Kind::None);
    data_ = std::exchange(other.data_, nullptr);
    bytes_ = other.bytes_;
    reserved_ = other.reserved_;
    fd_ = std::exchange(other.fd_, -1);
    inode_ = other.inode_;
    gpu_ = other.gpu_;
    return *this;
}

Storage Storage::pages(std::size_t bytes)
{
    Storage storage;
    storage.data_ = reserve(bytes);
    if (storage.data_ == nullptr)
        return storage;
    storage.kind_ = Kind::Pages;
    storage.bytes_ = bytes;
    storage.reserved_ = wholePages(bytes) + pageSize();
    storage.protect(true);
    return storage;
}

Storage Storage::file(std::size_t bytes)
{
    Storage storage = pages(bytes);
    if (!storage)
        return storage;
    storage.fd_ = memfd_create("nvbufsurface", MFD_CLOEXEC);
    struct stat about = {};
    const bool made = storage.fd_ >= 0 && ftruncate(storage.fd_, static_cast<off_t>(wholePages(bytes))) == 0 &&
                      fstat(storage.fd_, &about) == 0 &&
                      mmap(storage.data_, wholePages(bytes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                           storage.fd_, 0) != MAP_FAILED;
    storage.kind_ = Kind::File;
    storage.inode_ = about.st_ino;
    if (!made)
        storage.reset();
    return storage;
}

Storage Storage::ofCuda(Kind kind, unsigned gpu, std::size_t bytes)
{
    const Cuda *c = cuda();
    if (c == nullptr)
        return pages(bytes);
    Storage storage;
    const Quiet quiet(*c);
    const Primary current(*c, gpu);
    if (!current || allocate(*c, kind, bytes, storage.data_) != 0)
        return storage;
    storage.kind_ = kind;
    storage.bytes_ = bytes;
    storage.gpu_ = gpu;
    void *kept = nullptr; // the context must outlive the memory
    c->primaryRetain(&kept, static_cast<int>(gpu));
    return storage;
}

bool Storage::fdIsOurs() const
{
    struct stat about = {};
    return fd_ < 0 || (fstat(fd_, &about) == 0 && about.st_ino == inode_);
}

void Storage::protect(bool writable) const
{
    mprotect(data_, wholePages(bytes_), writable ? PROT_READ | PROT_WRITE : PROT_READ);
}

void Storage::reset()
{
    const Kind kind = std::exchange(kind_, Kind::None);
    if (kind == Kind::None)
        return;
    if (kind == Kind::Pages || kind == Kind::File) {
        if (fd_ >= 0 && fdIsOurs())
            close(fd_);
        fd_ = -1;
        munmap(data_, reserved_);
        return;
    }
    const Cuda &c = *cuda();
    const Quiet quiet(c);
    const Primary current(c, gpu_);
    if (kind == Kind::CudaPinned)
        c.memFreeHost(data_);
    else
        c.memFree(reinterpret_cast<std::uint64_t>(data_));
    c.primaryRelease(static_cast<int>(gpu_));
}

} // namespace zc::fake_nvbuf
