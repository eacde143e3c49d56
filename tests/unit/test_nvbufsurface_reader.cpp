// SPDX-License-Identifier: MIT
// NvBufSurfaces of both layouts made by hand: what is believed, and every lie that must not be.
#include "memory/nvbufsurface_reader.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <functional>
#include <set>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace zc::nvbuf {
namespace {

bool contains(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

// A batch of NV12, 64x48, as the layout's libraries make it.
template <class SurfaceType, class ParamsType> struct Batch {
    SurfaceType surface{};
    std::vector<ParamsType> pictures;

    explicit Batch(std::size_t count = 1) : pictures(count)
    {
        surface.common.batchSize = surface.common.numFilled = static_cast<std::uint32_t>(count);
        surface.common.memType = static_cast<std::int32_t>(MemType::Device);
        surface.common.list = &pictures[0].common;
        for (ParamsType &one : pictures)
            fill(one.common);
    }
    Params &operator[](std::size_t index) { return pictures[index].common; }
    Result<View> read() { return readSurface(&surface, sizeof surface); }

    static void fill(Params &params)
    {
        params.width = 64;
        params.height = 48;
        params.pitch = 256;
        params.colorFormat = 6;
        params.dataSize = 256 * 72;
        params.dataPtr = &params;
        params.planes.count = 2;
        params.planes.width[0] = 64;
        params.planes.width[1] = 32;
        params.planes.height[0] = 48;
        params.planes.height[1] = 24;
        params.planes.pitch[0] = params.planes.pitch[1] = 256;
        params.planes.offset[1] = 256 * 48;
        params.planes.bytes[0] = 256 * 48;
        params.planes.bytes[1] = 256 * 24;
        params.planes.bytesPerPixel[0] = 1;
        params.planes.bytesPerPixel[1] = 2;
    }
};
using OldBatch = Batch<SurfaceOld, ParamsOld>;
using NewBatch = Batch<SurfaceNew, ParamsNew>;

const Expected kNv12{Format::Nv12, {}, {}};

template <class B> class Layouts : public testing::Test {
protected:
    static constexpr Abi abi = std::is_same_v<B, OldBatch> ? Abi::Old : Abi::New;
    static constexpr Abi other = abi == Abi::Old ? Abi::New : Abi::Old;
};
using Both = testing::Types<OldBatch, NewBatch>;
TYPED_TEST_SUITE(Layouts, Both);

TYPED_TEST(Layouts, FindsEveryPictureOfABatch)
{
    TypeParam batch(3);
    batch[2].width = 32;
    batch[2].planes.pitch[0] = 128;
    batch.surface.common.gpuId = 1;
    const auto view = batch.read();
    ASSERT_TRUE(view.ok()) << view.status().message();
    EXPECT_EQ(view.value().filled, 3U);
    EXPECT_EQ(view.value().gpu, 1);
    EXPECT_EQ(view.value().memType, MemType::Device);
    EXPECT_TRUE(checkAbi(view.value(), sizeof batch.surface, this->abi).ok());
    const auto picture = readPicture(*pictureAt(*view.value().surface, this->abi, 2), kNv12);
    ASSERT_TRUE(picture.ok()) << picture.status().message();
    EXPECT_EQ(picture.value().frame.width, 32);
    EXPECT_EQ(picture.value().frame.height, 48);
    EXPECT_EQ(picture.value().frame.planes[0].pitch, 128);
    EXPECT_EQ(picture.value().frame.planes[1].pitch, 256);
    EXPECT_EQ(picture.value().frame.planes[1].width, 16);
    EXPECT_EQ(picture.value().offset[1], 256U * 48);
    EXPECT_EQ(picture.value().bytes, 256U * 48 + 256 * 23 + 32);
    EXPECT_EQ(picture.value().frame.memory, MemoryKind::Nvmm);
}

TYPED_TEST(Layouts, KnowsALibraryOfTheOtherOne)
{
    TypeParam one;
    const auto alone = one.read();
    ASSERT_TRUE(alone.ok());
    const Status bySize = checkAbi(alone.value(), sizeof one.surface, this->other);
    EXPECT_EQ(bySize.code(), Code::BadLayout);
    EXPECT_TRUE(contains(bySize.message(), std::to_string(sizeof one.surface) + " bytes")) << bySize.message();
    // A decoder's memory may be larger than the struct, which then says nothing.
    EXPECT_TRUE(checkAbi(alone.value(), 2088960, this->other).ok());

    TypeParam four(4);
    const auto batch = four.read();
    ASSERT_TRUE(batch.ok());
    const Status byDistance = checkAbi(batch.value(), 2088960, this->other);
    EXPECT_EQ(byDistance.code(), Code::BadLayout);
    EXPECT_TRUE(contains(byDistance.message(), "DeepStream 8")) << byDistance.message();
    EXPECT_TRUE(contains(byDistance.message(), std::to_string(sizeof four.pictures[0]))) << byDistance.message();
}

TYPED_TEST(Layouts, TellsProtectedContent)
{
    TypeParam batch;
    std::array<std::uint8_t, 312> extended{};
    EXPECT_FALSE(isProtected(batch[0], this->abi));
    batch.pictures[0].extended = extended.data();
    EXPECT_FALSE(isProtected(batch[0], this->abi));
    extended[this->abi == Abi::Old ? 16 : 10] = 1; // the other layout's place
    EXPECT_FALSE(isProtected(batch[0], this->abi));
    extended[this->abi == Abi::Old ? 10 : 16] = 1;
    EXPECT_TRUE(isProtected(batch[0], this->abi));
    batch.pictures[0].extended = reinterpret_cast<void *>(16);
    EXPECT_FALSE(isProtected(batch[0], this->abi)) << "nothing is there to be read";
}

TYPED_TEST(Layouts, BatchOfOneThatWasNotToldIsOne)
{
    TypeParam batch;
    batch.surface.common.numFilled = 0;
    EXPECT_EQ(batch.read().value().filled, 1U);
    TypeParam four(4);
    four.surface.common.numFilled = 0;
    EXPECT_EQ(four.read().value().filled, 0U) << "an empty batch is one";
    four.surface.common.numFilled = 3;
    EXPECT_EQ(four.read().value().filled, 3U);
}

struct BadSurface {
    const char *name;
    std::function<void(Surface &)> spoil;
    const char *says;
};

TYPED_TEST(Layouts, RefusesWhatIsNoSurface)
{
    // Right behind a page that can be read, so that not even the first field of the list may be touched.
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    auto *pages = static_cast<unsigned char *>(
        mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(pages, MAP_FAILED);
    ASSERT_EQ(mprotect(pages + page, page, PROT_NONE), 0);
    const BadSurface cases[] = {
        {"NullList", [](Surface &s) { s.list = nullptr; }, "(surfaceList) is null"},
        {"NoBatch", [](Surface &s) { s.batchSize = s.numFilled = 0; }, "batch size is 0"},
        {"AbsurdBatch", [](Surface &s) { s.batchSize = 0x80000000U; }, "batch size is 2147483648"},
        {"FilledBeyondTheBatch", [](Surface &s) { s.numFilled = 2; }, "2 pictures of a batch of 1"},
        {"MemTypeTooLarge", [](Surface &s) { s.memType = 8; }, "memory type is 8"},
        {"MemTypeNegative", [](Surface &s) { s.memType = -1; }, "memory type is -1"},
        {"AbsurdGpu", [](Surface &s) { s.gpuId = 0xdeadbeef; }, "GPU is number"},
        {"OddList", [](Surface &s) { s.list = reinterpret_cast<Params *>(reinterpret_cast<char *>(s.list) + 1); },
         "cannot be read"},
        {"WildList", [](Surface &s) { s.list = reinterpret_cast<Params *>(0x7ff8); }, "cannot be read"},
        {"ListAtTheEndOfAMapping", [&](Surface &s) { s.list = reinterpret_cast<Params *>(pages + page - 8); },
         "cannot be read"},
        {"ListAtTheEndOfTheWorld", [](Surface &s) { s.list = reinterpret_cast<Params *>(~std::uintptr_t{7}); },
         "cannot be read"},
    };
    for (const BadSurface &test : cases) {
        TypeParam batch;
        test.spoil(batch.surface.common);
        const auto view = batch.read();
        EXPECT_EQ(view.status().code(), Code::BadLayout) << test.name;
        EXPECT_TRUE(contains(view.status().message(), test.says)) << test.name << ": " << view.status().message();
        EXPECT_TRUE(contains(view.status().message(), "holds no NvBufSurface")) << test.name;
    }
    TypeParam batch;
    EXPECT_FALSE(readSurface(nullptr, 72).ok());
    EXPECT_FALSE(readSurface(&batch.surface, 63).ok());
    EXPECT_TRUE(contains(readSurface(&batch.surface, 63).status().message(), "63 bytes"));
    std::array<unsigned char, 80> odd{};
    std::memcpy(odd.data() + 1, &batch.surface, sizeof batch.surface);
    const bool aligned = reinterpret_cast<std::uintptr_t>(odd.data()) % 8 == 7;
    EXPECT_EQ(readSurface(odd.data() + 1, 72).ok(), aligned);
    munmap(pages, 2 * page);
}

// A list whose later pictures are not there.
TYPED_TEST(Layouts, RefusesABatchThatEndsInNothing)
{
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    auto *pages = static_cast<unsigned char *>(
        mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(pages, MAP_FAILED);
    ASSERT_EQ(mprotect(pages + page, page, PROT_NONE), 0);
    TypeParam batch(4);
    const std::size_t two = 2 * sizeof batch.pictures[0];
    std::memcpy(pages + page - two, batch.pictures.data(), two);
    batch.surface.common.list = reinterpret_cast<Params *>(pages + page - two);
    const auto view = batch.read();
    ASSERT_TRUE(view.ok()) << "the first is there";
    const Status status = checkAbi(view.value(), sizeof batch.surface, this->abi);
    EXPECT_EQ(status.code(), Code::BadLayout);
    EXPECT_TRUE(contains(status.message(), "4 pictures")) << status.message();
    munmap(pages, 2 * page);
}

struct BadPicture {
    const char *name;
    std::function<void(Params &)> spoil;
    Code code;
    const char *says;
};

TEST(Picture, RefusesWhatDoesNotFit)
{
    const BadPicture cases[] = {
        {"NoWidth", [](Params &p) { p.width = 0; }, Code::BadLayout, "0x48"},
        {"HugeHeight", [](Params &p) { p.height = 0xffffffff; }, Code::BadLayout, "64x4294967295"},
        {"Layout", [](Params &p) { p.layout = 2; }, Code::BadLayout, "layout is 2"},
        {"TooManyPlanes", [](Params &p) { p.planes.count = 3; }, Code::BadLayout, "has 3 planes, NV12 has 2"},
        {"WildPlanes", [](Params &p) { p.planes.count = 0xffffffff; }, Code::BadLayout, "planes"},
        {"ShortPitch", [](Params &p) { p.planes.pitch[0] = 63; }, Code::BadLayout, "a pitch of 63 bytes"},
        {"ShortChromaPitch", [](Params &p) { p.planes.pitch[1] = 32; }, Code::BadLayout, "plane 1"},
        {"NoPitch", [](Params &p) { p.planes.pitch[0] = 0; }, Code::BadLayout, "a pitch of 0 bytes"},
        {"HugePitch", [](Params &p) { p.planes.pitch[0] = 0xffffffff; }, Code::BadLayout, "only 18432"},
        {"OffsetOutside", [](Params &p) { p.planes.offset[1] = 256 * 49; }, Code::BadLayout, "plane 1"},
        {"HugeOffset", [](Params &p) { p.planes.offset[1] = 0xffffffff; }, Code::BadLayout, "plane 1"},
        {"SmallData", [](Params &p) { p.dataSize = 256 * 71; }, Code::BadLayout, "only 18176"},
        {"NoData", [](Params &p) { p.dataSize = 0; }, Code::BadLayout, "has only 0"},
        {"Overlap", [](Params &p) { p.planes.offset[1] = 256 * 40; }, Code::BadLayout, "overlap"},
        {"NarrowPlane", [](Params &p) { p.planes.width[0] = 62; }, Code::BadLayout, "62x48"},
        {"LowPlane", [](Params &p) { p.planes.height[1] = 22; }, Code::BadLayout, "32x22"},
        {"OtherFormat", [](Params &p) { p.colorFormat = 19; }, Code::BadLayout, "RGBA (19), which is RGBA"},
        {"NoKernelsFormat", [](Params &p) { p.colorFormat = 93; }, Code::Unsupported, "BGRA64_LE (93)"},
        {"InvalidFormat", [](Params &p) { p.colorFormat = 0; }, Code::Unsupported, "INVALID (0)"},
        {"UnknownFormat", [](Params &p) { p.colorFormat = 113; }, Code::Unsupported, "colour format 113"},
        {"NegativeFormat", [](Params &p) { p.colorFormat = -5; }, Code::Unsupported, "colour format -5"},
    };
    for (const BadPicture &test : cases) {
        Params params{};
        NewBatch::fill(params);
        ASSERT_TRUE(readPicture(params, kNv12).ok());
        test.spoil(params);
        const auto picture = readPicture(params, kNv12);
        EXPECT_EQ(picture.status().code(), test.code) << test.name;
        EXPECT_TRUE(contains(picture.status().message(), test.says)) << test.name << ": " << picture.status().message();
    }
}

// The last row needs no padding behind it.
TEST(Picture, MayEndWithItsLastSample)
{
    Params params{};
    NewBatch::fill(params);
    params.dataSize = 256 * 71 + 64;
    EXPECT_TRUE(readPicture(params, kNv12).ok());
    params.dataSize--;
    EXPECT_FALSE(readPicture(params, kNv12).ok());
}

TEST(Picture, OddChromaMayBeRoundedEitherWay)
{
    for (const std::uint32_t columns : {32U, 31U, 30U}) {
        Params params{};
        NewBatch::fill(params);
        params.width = params.planes.width[0] = 63;
        params.planes.width[1] = columns;
        EXPECT_EQ(readPicture(params, kNv12).ok(), columns >= 31) << columns;
    }
}

TEST(Picture, SixteenBitSamplesLieOnEvenBytes)
{
    Params params{};
    NewBatch::fill(params);
    params.colorFormat = 29;
    const Expected p010{Format::P010Le, {}, {}};
    EXPECT_TRUE(readPicture(params, p010).ok());
    params.planes.offset[1]++;
    EXPECT_TRUE(contains(readPicture(params, p010).status().message(), "multiples"));
    params.planes.offset[1]--;
    params.planes.pitch[0]++;
    EXPECT_FALSE(readPicture(params, p010).ok());
}

TEST(Picture, CapsDecideColourWhereTheySpeak)
{
    Params params{};
    NewBatch::fill(params);
    params.colorFormat = 34; // NV12_709_ER
    const auto own = readPicture(params, kNv12);
    EXPECT_EQ(own.value().frame.range, ColorRange::Full);
    EXPECT_EQ(own.value().frame.matrix, ColorMatrix::Bt709);
    const auto stated = readPicture(params, {Format::Nv12, ColorRange::Limited, {}});
    EXPECT_EQ(stated.value().frame.range, ColorRange::Limited);
    EXPECT_EQ(stated.value().frame.matrix, ColorMatrix::Bt709);
    const auto matrix = readPicture(params, {Format::Nv12, {}, ColorMatrix::Bt2020});
    EXPECT_EQ(matrix.value().frame.range, ColorRange::Full);
    EXPECT_EQ(matrix.value().frame.matrix, ColorMatrix::Bt2020);
}

// Numbers and what they mean, from NVIDIA's documentation; those in between follow from the table's order.
TEST(ColorFormats, AreNvidias)
{
    const struct {
        std::int32_t value;
        const char *name;
        Format format;
        ColorMatrix matrix;
        ColorRange range;
    } rows[] = {
        {1, "GRAY8", Format::Gray8, ColorMatrix::Bt601, ColorRange::Limited},
        {2, "YUV420", Format::I420, ColorMatrix::Bt601, ColorRange::Limited},
        {3, "YVU420", Format::Yv12, ColorMatrix::Bt601, ColorRange::Limited},
        {7, "NV12_ER", Format::Nv12, ColorMatrix::Bt601, ColorRange::Full},
        {8, "NV21", Format::Nv21, ColorMatrix::Bt601, ColorRange::Limited},
        {10, "UYVY", Format::Uyvy, ColorMatrix::Bt601, ColorRange::Limited},
        {12, "VYUY", Format::Unknown, ColorMatrix::Bt601, ColorRange::Limited},
        {14, "YUYV", Format::Yuy2, ColorMatrix::Bt601, ColorRange::Limited},
        {18, "YUV444", Format::Y444, ColorMatrix::Bt601, ColorRange::Limited},
        {19, "RGBA", Format::Rgba, ColorMatrix::Bt601, ColorRange::Full},
        {25, "xRGB", Format::Xrgb, ColorMatrix::Bt601, ColorRange::Full},
        {28, "BGR", Format::Bgr, ColorMatrix::Bt601, ColorRange::Full},
        {29, "NV12_10LE", Format::P010Le, ColorMatrix::Bt601, ColorRange::Limited},
        {30, "NV12_12LE", Format::P012Le, ColorMatrix::Bt601, ColorRange::Limited},
        {32, "YUV420_709_ER", Format::I420, ColorMatrix::Bt709, ColorRange::Full},
        {33, "NV12_709", Format::Nv12, ColorMatrix::Bt709, ColorRange::Limited},
        {35, "YUV420_2020", Format::I420, ColorMatrix::Bt2020, ColorRange::Limited},
        {39, "NV12_10LE_709_ER", Format::P010Le, ColorMatrix::Bt709, ColorRange::Full},
        {40, "NV12_10LE_2020", Format::P010Le, ColorMatrix::Bt2020, ColorRange::Limited},
        {46, "YUV422", Format::Y42b, ColorMatrix::Bt601, ColorRange::Limited},
        {49, "NV12_12LE_2020", Format::P012Le, ColorMatrix::Bt2020, ColorRange::Limited},
        {50, "NV16", Format::Nv16, ColorMatrix::Bt601, ColorRange::Limited},
        {57, "NV24_709", Format::Nv24, ColorMatrix::Bt709, ColorRange::Limited},
        {64, "RGBA_10_10_10_2_709", Format::Rgb10a2Le, ColorMatrix::Bt709, ColorRange::Full},
        {68, "A32", Format::Unknown, ColorMatrix::Bt601, ColorRange::Limited},
        {74, "YUV444_2020", Format::Y444, ColorMatrix::Bt2020, ColorRange::Limited},
        {85, "NV12_12LE_ER", Format::P012Le, ColorMatrix::Bt601, ColorRange::Full},
        {88, "GRAY8_ER", Format::Gray8, ColorMatrix::Bt601, ColorRange::Full},
        {89, "UYVY_709", Format::Uyvy, ColorMatrix::Bt709, ColorRange::Limited},
        {92, "GRAY16_LE", Format::Gray16Le, ColorMatrix::Bt601, ColorRange::Full},
        {93, "BGRA64_LE", Format::Unknown, ColorMatrix::Bt601, ColorRange::Limited},
    };
    for (const auto &row : rows) {
        const ColorFormat *found = colorFormat(row.value);
        ASSERT_NE(found, nullptr) << row.name;
        EXPECT_STREQ(found->name, row.name);
        EXPECT_EQ(found->format, row.format) << row.name;
        EXPECT_EQ(found->matrix, row.matrix) << row.name;
        EXPECT_EQ(found->range, row.range) << row.name;
    }
    EXPECT_EQ(colorFormats().size(), 113U);
    std::set<std::string> names;
    for (const ColorFormat &one : colorFormats())
        EXPECT_TRUE(names.insert(one.name).second) << one.name << " is there twice";
    EXPECT_EQ(colorFormat(-1), nullptr);
    EXPECT_EQ(colorFormat(113), nullptr);
}

TEST(ColorFormats, AreNamedForPeople)
{
    EXPECT_EQ(describeColorFormat(33), "NV12_709 (33)");
    EXPECT_EQ(describeColorFormat(4711), "colour format 4711");
    EXPECT_EQ(colorFormatNames(Format::Yv12), "YVU420, YVU420_ER");
    EXPECT_EQ(colorFormatNames(Format::I420_10Le), "");
    EXPECT_TRUE(surfaceHolds(Format::Gray16Le));
    EXPECT_FALSE(surfaceHolds(Format::I420_10Le));
    EXPECT_FALSE(surfaceHolds(Format::Unknown));
    EXPECT_STREQ(memTypeName(MemType::SurfaceArray), "nvbuf-mem-surface-array");
    EXPECT_STREQ(memTypeName(MemType::CudaArray), "nvbuf-mem-cuda-array");
    EXPECT_STREQ(memTypeName(static_cast<MemType>(-1)), "unknown");
}

TEST(Readable, AsksWithoutTouching)
{
    int value = 0;
    EXPECT_TRUE(isReadable(&value, sizeof value));
    EXPECT_FALSE(isReadable(nullptr, 1));
    EXPECT_FALSE(isReadable(&value, 0));
    EXPECT_FALSE(isReadable(reinterpret_cast<void *>(8), 8));
    EXPECT_FALSE(isReadable(&value, ~std::size_t{0}));
}

} // namespace
} // namespace zc::nvbuf
