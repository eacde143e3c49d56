// SPDX-License-Identifier: MIT
// Surfaces made and destroyed.
#include "state.hpp"

#include <cstdlib>
#include <cstring>

namespace zc::fake_nvbuf {

namespace {

using SurfaceOfAbi = std::conditional_t<kNewAbi, NewSurface, OldSurface>;
using ParamsOfAbi = std::conditional_t<kNewAbi, NewParams, OldParams>;

constexpr std::uint64_t kProcessLocal = 0xff27'0000'0000'0000; // bufferDesc of what has no fd, as on a dGPU
constexpr int kPoison = 0xb1;

// What dataPtr of a surface array holds: nothing that may be followed.
void *trap()
{
    return reinterpret_cast<void *>(std::uintptr_t{0xdead'0000'0000'0000});
}

int resolved(int memType)
{
    if (memType != kMemDefault)
        return memType;
    return state().platform == Platform::Nvgpu ? kMemSurfaceArray : kMemCudaDevice;
}

bool isOffered(int memType)
{
    if (memType < 0 || memType > kMemCudaArray)
        return false;
    const bool jetsonOnly = memType == kMemSurfaceArray || memType == kMemHandle || memType == kMemCudaArray;
    return !jetsonOnly || state().platform != Platform::Dgpu;
}

Storage::Kind cudaKind(int memType)
{
    return memType == kMemCudaPinned    ? Storage::Kind::CudaPinned
           : memType == kMemCudaUnified ? Storage::Kind::CudaManaged
                                        : Storage::Kind::CudaDevice;
}

Storage pictureOf(int memType, unsigned gpu, std::size_t bytes)
{
    switch (memType) {
    case kMemCudaPinned:
    case kMemCudaDevice:
    case kMemCudaUnified:
        return Storage::ofCuda(cudaKind(memType), gpu, bytes);
    case kMemSurfaceArray:
        return state().platform == Platform::Rm ? Storage::ofCuda(Storage::Kind::CudaDevice, gpu, bytes)
                                                : Storage::file(bytes);
    case kMemHandle:
        return Storage::file(bytes);
    default:
        return Storage::pages(bytes);
    }
}

void describe(Params &params, const CreateParams &wanted, const Record &record, const Piece &piece)
{
    const Geometry &g = piece.geometry;
    params.width = wanted.width;
    params.height = wanted.height;
    params.pitch = static_cast<std::uint32_t>(g.plane[0].pitch);
    params.colorFormat = wanted.colorFormat;
    params.layout = record.layout;
    params.dataSize = static_cast<std::uint32_t>(g.bytes);
    params.planes.numPlanes = g.planes;
    for (unsigned i = 0; i < g.planes; ++i) {
        const PlaneGeometry &plane = g.plane[i];
        params.planes.width[i] = plane.width;
        params.planes.height[i] = plane.height;
        params.planes.pitch[i] = static_cast<std::uint32_t>(plane.pitch);
        params.planes.offset[i] = static_cast<std::uint32_t>(plane.offset);
        params.planes.psize[i] = static_cast<std::uint32_t>(plane.bytes);
        params.planes.bytesPerPix[i] = plane.texelBytes();
    }
}

// A descriptor for what is shared by one, a number for the rest; an address where there is one.
void place(Params &params, const Record &record, Piece &piece, std::uint8_t *data, unsigned number)
{
    if (record.isArray()) {
        params.bufferDesc = static_cast<std::uint64_t>(piece.fd());
        params.dataPtr = trap();
        return;
    }
    params.bufferDesc = kProcessLocal + number;
    params.dataPtr = data;
    if constexpr (kNewAbi) {
        const bool hidden = state().platform == Platform::Rm && record.memType <= kMemCudaUnified;
        if (hidden) {
            piece.cuda.basePtr = piece.cuda.dataPtr = data;
            params.dataPtr = nullptr;
            reinterpret_cast<NewParams &>(params).cudaBuffer = &piece.cuda;
        }
    }
}

bool fillPiece(Record &record, Piece &piece, const CreateParams &wanted)
{
    const bool apart = record.isArray() && (record.layout == kLayoutBlockLinear || state().platform == Platform::Rm);
    const bool linear = record.layout == kLayoutPitch;
    if (!record.contiguous)
        piece.picture = apart && state().platform != Platform::Rm
                            ? Storage::pages(piece.geometry.bytes)
                            : pictureOf(record.memType, wanted.gpuId, piece.geometry.bytes);
    if (apart)
        piece.decoy = Storage::file(piece.geometry.bytes);
    if (piece.decoy && !linear)
        std::memset(piece.decoy.data(), kPoison, piece.decoy.bytes());
    piece.extra.rest[(kNewAbi ? kProtectedNew : kProtectedOld) - 8] = state().protectedContent;
    return (record.contiguous || piece.picture) && (!apart || piece.decoy);
}

// The structs that the caller sees; both are the C library's, so that a sanitizer watches them.
bool buildStructs(SurfaceOfAbi *surface, Record &record, const CreateParams &wanted)
{
    static unsigned number = 0;
    const auto count = static_cast<std::uint32_t>(record.pieces.size());
    surface->common.gpuId = wanted.gpuId;
    surface->common.batchSize = count;
    surface->common.isContiguous = static_cast<bool>(record.contiguous);
    surface->common.memType = record.memType;
    surface->common.surfaceList = std::calloc(count, sizeof(ParamsOfAbi));
    if (surface->common.surfaceList == nullptr)
        return false;
    const Batch batch = batchOf(surface);
    for (std::uint32_t i = 0; i < count; ++i) {
        Piece &piece = record.pieces[i];
        std::uint8_t *data =
            record.contiguous ? record.contiguous.data() + i * piece.geometry.bytes : piece.picture.data();
        describe(batch[i], wanted, record, piece);
        place(batch[i], record, piece, data, ++number);
        batch.extra(i) = &piece.extra;
        piece.told = batch[i];
    }
    return true;
}

int create(void **out, std::uint32_t batchSize, const CreateParams *wanted)
{
    if (out == nullptr || wanted == nullptr || batchSize == 0)
        return kFailure;
    Record record;
    record.memType = resolved(wanted->memType);
    record.layout = record.isArray() ? wanted->layout : kLayoutPitch; // elsewhere only pitch is valid
    const Geometry geometry = geometryOf(wanted->colorFormat, wanted->width, wanted->height, record.isArray());
    if (!isOffered(record.memType) || geometry.planes == 0)
        return kFailure;
    if (wanted->isContiguous && batchSize > 1 && !record.isArray()) {
        record.contiguous = pictureOf(record.memType, wanted->gpuId, geometry.bytes * batchSize);
        if (!record.contiguous)
            return kFailure;
    }
    record.pieces.resize(batchSize);
    for (Piece &piece : record.pieces) {
        piece.geometry = geometry;
        if (!fillPiece(record, piece, *wanted))
            return kFailure;
    }
    auto *surface = static_cast<SurfaceOfAbi *>(std::calloc(1, sizeof(SurfaceOfAbi)));
    if (surface == nullptr)
        return kFailure;
    Record &kept = state().surfaces[surface] = std::move(record);
    if (!buildStructs(surface, kept, *wanted)) {
        state().surfaces.erase(surface);
        std::free(surface);
        return kFailure;
    }
    *out = surface;
    return kSuccess;
}

// All but what libraries and users write into a surface.
bool sameAsTold(Params now, const Params &told)
{
    std::memcpy(now.mappedAddr, told.mappedAddr, sizeof now.mappedAddr);
    now.eglImage = told.eglImage;
    return std::memcmp(&now, &told, sizeof now) == 0;
}

void checkPiece(void *surface, unsigned i, const Piece &piece)
{
    const std::string what = "NvBufSurfaceDestroy: " + name(surface, i);
    if (!sameAsTold(batchOf(surface)[i], piece.told))
        misuse(what + ": somebody changed its description");
    if (!piece.picture.fdIsOurs() || !piece.decoy.fdIsOurs())
        misuse(what + ": somebody closed its file descriptor");
    const Cuda *c = state().egl.make == nullptr ? cuda() : nullptr;
    if (c == nullptr || c->eglUsers == nullptr)
        return;
    std::vector<void *> images = piece.pastEgl;
    if (piece.eglImage != nullptr)
        images.push_back(piece.eglImage);
    for (void *image : images)
        if (c->eglUsers(image) != 0)
            misuse(what + ": CUDA still has its EGLImage registered");
}

int destroy(void *surface)
{
    Record *record = find("NvBufSurfaceDestroy", surface);
    if (record == nullptr)
        return kFailure;
    const std::string mapped = mappedText(*record);
    if (!mapped.empty())
        misuse("NvBufSurfaceDestroy: " + name(surface, 0) + " still has " + mapped);
    for (unsigned i = 0; i < record->pieces.size(); ++i) {
        checkPiece(surface, i, record->pieces[i]);
        if (record->pieces[i].eglImage != nullptr)
            destroyEgl(record->pieces[i].eglImage);
    }
    std::free(batchOf(surface).head().surfaceList);
    state().surfaces.erase(surface);
    state().dead[surface]++;
    std::free(surface);
    return kSuccess;
}

} // namespace

Record *find(const char *function, void *surface)
{
    const auto it = state().surfaces.find(surface);
    if (it != state().surfaces.end())
        return &it->second;
    char text[32];
    std::snprintf(text, sizeof text, "%p", surface);
    misuse(std::string(function) + ": " + text +
           (state().dead.count(surface) != 0 ? " was destroyed before" : " is no surface of this library"));
    return nullptr;
}

} // namespace zc::fake_nvbuf

using namespace zc::fake_nvbuf;

FAKE_EXPORT int NvBufSurfaceCreate(void **surface, std::uint32_t batchSize, const CreateParams *wanted)
{
    return call(__func__, [&] { return create(surface, batchSize, wanted); });
}

// Its parameters begin with those of NvBufSurfaceCreate.
FAKE_EXPORT int NvBufSurfaceAllocate(void **surface, std::uint32_t batchSize, const CreateParams *wanted)
{
    return call(__func__, [&] { return create(surface, batchSize, wanted); });
}

FAKE_EXPORT int NvBufSurfaceDestroy(void *surface)
{
    return release(__func__, [&] { return destroy(surface); });
}

FAKE_EXPORT int NvBufSurfaceFromFd(int fd, void **surface)
{
    return call(__func__, [&] {
        for (auto &[address, record] : state().surfaces)
            for (const Piece &piece : record.pieces)
                if (surface != nullptr && fd >= 0 && piece.fd() == fd) {
                    *surface = address;
                    return kSuccess;
                }
        return kFailure;
    });
}
