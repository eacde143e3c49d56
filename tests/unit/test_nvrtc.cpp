// SPDX-License-Identifier: MIT
// Every built-in kernel through the real NVRTC, from the text that the library carries. Without one each test says that
// it is skipped; CUDAZEROCOPY_NVRTC names the one to take, and then kernels whose machine code takes many seconds are
// assembled too.
#include "backend/cuda_entries.hpp"
#include "cuda/compile_queue.hpp"
#include "cuda/compiler.hpp"
#include "cuda/programs.hpp"
#include "runtime/built_in.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

namespace zc::cuda {
namespace {

class NvrtcTest : public testing::Test {
protected:
    void SetUp() override
    {
        auto opened = Nvrtc::open(0);
        const char *named = std::getenv("CUDAZEROCOPY_NVRTC");
        if (!opened && !(named && *named))
            GTEST_SKIP() << opened.status().message();
        ASSERT_TRUE(opened.ok()) << opened.status().message();
        compiler_ = std::make_unique<Compiler>(std::move(opened.value()), "");
    }
    const Nvrtc &nvrtc() const { return compiler_->nvrtc(); }

    std::unique_ptr<Compiler> compiler_;
};

// What CudaBackend asks a kernel's module for.
std::vector<std::string> entriesOf(const std::string &kernel)
{
    std::vector<std::string> out;
    for (const std::string entry : entryNames())
        if (entry.starts_with("zc_copy_") == (kernel == "device_copy"))
            out.push_back(entry);
    return out;
}

std::vector<std::string> images()
{
    std::vector<std::string> out = {"device_copy"};
    for (const KernelInfo &kernel : builtInKernels())
        out.emplace_back(kernel.name);
    return out;
}

TEST_F(NvrtcTest, knowsItsVersionAndArchitectures)
{
    EXPECT_GE(nvrtc().major(), 11);
    ASSERT_FALSE(nvrtc().architectures().empty());
    EXPECT_TRUE(std::is_sorted(nvrtc().architectures().begin(), nvrtc().architectures().end()));
    EXPECT_EQ(nvrtc().path().front(), '/') << nvrtc().path();
    RecordProperty("nvrtc", nvrtc().path() + ", " + nvrtc().identity());
    std::printf("%s, %s\n", nvrtc().path().c_str(), nvrtc().identity().c_str());
}

TEST_F(NvrtcTest, compilesEveryKernelToPtxWithAllItsEntries)
{
    for (const std::string &name : images()) {
        ASSERT_FALSE(entriesOf(name).empty());
        const auto program = builtInProgram(name);
        ASSERT_TRUE(program.ok()) << program.status().message();
        const auto code = compiler_->compile(program.value(), {75, CodeForm::Ptx});
        ASSERT_TRUE(code.ok()) << code.status().message();
        EXPECT_NE(code.value().bytes.find(".target sm_75"), std::string::npos) << name;
        for (const std::string &entry : entriesOf(name))
            EXPECT_NE(code.value().bytes.find(".entry " + entry + "("), std::string::npos) << name << ": " << entry;
    }
}

std::vector<std::string> imagesToAssemble()
{
    const char *named = std::getenv("CUDAZEROCOPY_NVRTC");
    return named && *named ? images() : std::vector<std::string>{"device_copy", "invert", "flip", "box-blur"};
}

TEST_F(NvrtcTest, compilesKernelsForOneGpu)
{
    const auto target = targetFor(nvrtc(), 90);
    ASSERT_TRUE(target.ok()) << target.status().message();
    const bool known = std::binary_search(nvrtc().architectures().begin(), nvrtc().architectures().end(), 90);
    ASSERT_EQ(target.value().form, known ? CodeForm::Cubin : CodeForm::Ptx);
    for (const std::string &name : imagesToAssemble()) {
        const auto program = builtInProgram(name);
        ASSERT_TRUE(program.ok()) << program.status().message();
        const auto code = compiler_->compile(program.value(), target.value());
        ASSERT_TRUE(code.ok()) << code.status().message();
        EXPECT_EQ(code.value().bytes.starts_with("\177ELF"), known) << name;
        for (const std::string &entry : entriesOf(name))
            EXPECT_NE(code.value().bytes.find(entry), std::string::npos) << name << ": " << entry;
    }
}

TEST_F(NvrtcTest, tellsFileLineAndWordsOfAnError)
{
    Program program;
    program.source = {"vignette.cu", "#include \"effect.hpp\"\nint broken = ;\n"};
    program.headers.push_back({"effect.hpp", "struct A {\n    Missing m;\n};\n"});
    const auto code = compiler_->compile(program, {75, CodeForm::Ptx});
    ASSERT_FALSE(code.ok());
    EXPECT_EQ(code.status().code(), zc::Code::InvalidArgument);
    const std::string &text = code.status().message();
    EXPECT_NE(text.find("effect.hpp(2)"), std::string::npos) << text;
    EXPECT_NE(text.find("vignette.cu(2)"), std::string::npos) << text;
    EXPECT_NE(text.find("Missing"), std::string::npos) << text;
}

TEST_F(NvrtcTest, namesAnOptionThatItDoesNotKnow)
{
    Program program;
    program.source = {"empty.cu", ""};
    program.options = {"--no-such-option"};
    const auto code = compiler_->compile(program, {75, CodeForm::Ptx});
    ASSERT_FALSE(code.ok());
    EXPECT_NE(code.status().message().find("no-such-option"), std::string::npos) << code.status().message();
}

TEST_F(NvrtcTest, survivesWhatIsNoSource)
{
    Program program;
    std::string junk;
    for (int i = 0; i < 100000; ++i)
        junk += static_cast<char>(1 + i * 7919 % 255);
    for (const std::string &text : {junk, std::string("a\0b", 3), std::string(100000, '('), std::string(1, '#')}) {
        program.source = {"junk.cu", text};
        const auto code = compiler_->compile(program, {75, CodeForm::Ptx});
        if (code.ok())
            continue; // "#" alone is a null directive
        const std::string &said = code.status().message();
        EXPECT_NE(said.find("junk.cu"), std::string::npos) << said;
        EXPECT_EQ(std::find_if(said.begin(), said.end(), [](char c) { return c < 0; }), said.end());
    }
}

TEST_F(NvrtcTest, readsNumbersInAnyLocale)
{
    const std::string before = setlocale(LC_ALL, nullptr);
    const char *const wanted[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "ru_RU.UTF-8"};
    const char *const *found =
        std::find_if(std::begin(wanted), std::end(wanted), [](const char *name) { return setlocale(LC_ALL, name); });
    if (found == std::end(wanted))
        GTEST_SKIP() << "no locale with a decimal comma is installed; unit-compiler tests the same without one";
    Program program;
    program.source = {"half.cu", "extern \"C\" __global__ void half(float *p) { *p *= 0.625f; }"};
    const auto code = compiler_->compile(program, {75, CodeForm::Ptx});
    setlocale(LC_ALL, before.c_str());
    ASSERT_TRUE(code.ok()) << code.status().message();
    EXPECT_NE(code.value().bytes.find("0f3F200000"), std::string::npos) << code.value().bytes;
}

// NVRTC destroys what it works with when the process ends; a thread that is compiling then must have been joined.
TEST_F(NvrtcTest, letsTheProcessEndWhileItCompiles)
{
    for (const unsigned ms : {0u, 20u, 100u, 300u, 800u}) {
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            unsetenv("XDG_CACHE_HOME");
            unsetenv("HOME"); // no cache
            for (const char *name : {"flip", "invert", "device_copy"})
                CompileQueue::instance().prefetch(90, name);
            usleep(ms * 1000);
            std::exit(0);
        }
        int status = -1;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0) << "after " << ms << " ms";
    }
}

} // namespace
} // namespace zc::cuda
