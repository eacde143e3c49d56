// SPDX-License-Identifier: MIT
#include "small_picture.hpp"

namespace zc::conformance {

SmallPicture::SmallPicture(Target &target, const PictureSpec &spec) : target_(target), spec_(spec), layout_(spec)
{
    std::mt19937 random(1);
    bytes_ = makeContent(layout_, Content::Random, random);
}

void SmallPicture::set(char role, std::initializer_list<int> codes)
{
    gold::Picture picture(layout_.at(bytes_.data()));
    const gold::Channel &c = picture.channel(role);
    ASSERT_EQ(codes.size(), static_cast<std::size_t>(picture.columns(c) * picture.rows(c)));
    int i = 0;
    for (int code : codes) {
        picture.setCode(c, i % picture.columns(c), i / picture.columns(c), code);
        ++i;
    }
}

void SmallPicture::setAll(char role, int code)
{
    gold::Picture picture(layout_.at(bytes_.data()));
    const gold::Channel &c = picture.channel(role);
    for (int y = 0; y < picture.rows(c); ++y)
        for (int x = 0; x < picture.columns(c); ++x)
            picture.setCode(c, x, y, code);
}

std::vector<int> SmallPicture::get(char role)
{
    const gold::Picture picture(layout_.at(bytes_.data()));
    const gold::Channel &c = picture.channel(role);
    std::vector<int> codes;
    for (int y = 0; y < picture.rows(c); ++y)
        for (int x = 0; x < picture.columns(c); ++x)
            codes.push_back(picture.code(c, x, y));
    return codes;
}

void SmallPicture::run(const char *kernel, const char *params, std::vector<Rect> regions)
{
    const KernelInfo *info = findKernel(kernel);
    ASSERT_NE(info, nullptr) << kernel;
    ParamValues values(info->params);
    const auto parts = splitParams(params);
    ASSERT_TRUE(parts.ok()) << parts.status().message();
    for (const NamedText &part : parts.value()) {
        const auto note = values.setText(part.name, part.text);
        ASSERT_TRUE(note.ok()) << note.status().message();
        ASSERT_EQ(note.value().text, "");
    }
    PictureMemory memory(target_, layout_);
    memory.upload(bytes_);
    const Status ran = target_.backend->run(memory.frame(), {info, &values, regions, regions.empty()});
    ASSERT_TRUE(ran.ok()) << ran.message();
    const Status waited = target_.backend->wait();
    ASSERT_TRUE(waited.ok()) << waited.message();
    bytes_ = memory.download();
}

} // namespace zc::conformance
