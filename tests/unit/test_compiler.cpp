// SPDX-License-Identifier: MIT
// The run-time compiler with a stand-in for NVRTC: which library, which target, what is cached, which locale.
#include "cuda/compiler.hpp"

#include "core/log.hpp"
#include "cuda/programs.hpp"
#include "fake_nvrtc.hpp"
#include "runtime/built_in.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <locale.h>
#include <sstream>
#include <thread>

namespace zc::cuda {
namespace {

namespace fs = std::filesystem;
using test::FakeNvrtc;
using test::fakeNvrtc;

std::string fakePath()
{
    Dl_info info{};
    EXPECT_NE(dladdr(reinterpret_cast<void *>(&fakeNvrtc), &info), 0);
    return fs::canonical(info.dli_fname);
}

class CompilerTest : public testing::Test {
protected:
    CompilerTest()
    {
        fakeNvrtc().reset();
        setenv("CUDAZEROCOPY_NVRTC", fakePath().c_str(), 1);
        std::string name = (fs::temp_directory_path() / "zc-compiler-XXXXXX").string();
        folder_ = mkdtemp(name.data());
    }
    ~CompilerTest() override { fs::remove_all(folder_); }

    std::unique_ptr<Compiler> make(const std::string &cache) const
    {
        auto nvrtc = Nvrtc::open(0);
        EXPECT_TRUE(nvrtc.ok()) << nvrtc.status().message();
        return std::make_unique<Compiler>(std::move(nvrtc.value()), cache);
    }
    std::unique_ptr<Compiler> make() const { return make(folder_ + "/cache"); }

    std::string folder_;
};

Program simple()
{
    return {{"a.cu", "__global__ void f() {}"}, {{"b.hpp", "// text"}}, {"-DX=1"}};
}

constexpr Target kPtx{75, CodeForm::Ptx};

TEST_F(CompilerTest, opensTheLibraryThatTheEnvironmentNames)
{
    const auto nvrtc = Nvrtc::open(0);
    ASSERT_TRUE(nvrtc.ok()) << nvrtc.status().message();
    EXPECT_EQ(nvrtc.value()->path(), fakePath());
    EXPECT_EQ(nvrtc.value()->major(), 12);
    EXPECT_EQ(nvrtc.value()->minor(), 9);
}

TEST_F(CompilerTest, refusesLibrariesThatAreNoNvrtc)
{
    const auto said = [](const char *path) {
        setenv("CUDAZEROCOPY_NVRTC", path, 1);
        const auto nvrtc = Nvrtc::open(0);
        EXPECT_FALSE(nvrtc.ok()) << path;
        return nvrtc.status().message();
    };
    const std::string missing = said("/nowhere/libnvrtc.so");
    EXPECT_NE(missing.find("CUDAZEROCOPY_NVRTC is \"/nowhere/libnvrtc.so\""), std::string::npos) << missing;
    const std::string other = said("libm.so.6");
    EXPECT_NE(other.find("has no nvrtcVersion"), std::string::npos) << other;
    fakeNvrtc().major = 11;
    fakeNvrtc().minor = 1;
    const std::string old = said(fakePath().c_str());
    EXPECT_NE(old.find("is NVRTC 11.1; 11.2 or later is needed"), std::string::npos) << old;
}

TEST_F(CompilerTest, takesACubinOrPtxOfTheHighestBelow)
{
    fakeNvrtc().architectures = {90, 75, 86}; // in any order
    const auto compiler = make();
    const auto check = [&](int gpu, int architecture, CodeForm form) {
        const auto target = targetFor(compiler->nvrtc(), gpu);
        ASSERT_TRUE(target.ok()) << target.status().message();
        EXPECT_EQ(target.value().architecture, architecture) << gpu;
        EXPECT_EQ(target.value().form, form) << gpu;
    };
    check(75, 75, CodeForm::Cubin);
    check(86, 86, CodeForm::Cubin);
    check(89, 86, CodeForm::Ptx);
    check(120, 90, CodeForm::Ptx);
    const auto none = targetFor(compiler->nvrtc(), 61);
    ASSERT_FALSE(none.ok());
    EXPECT_NE(none.status().message().find("sm_75 and later, the GPU is sm_61"), std::string::npos)
        << none.status().message();
    fakeNvrtc().architectures.clear();
    EXPECT_FALSE(targetFor(make()->nvrtc(), 90).ok());
}

TEST_F(CompilerTest, givesTheLanguageTheTargetAndTheProgramsOptions)
{
    const auto compiler = make("");
    ASSERT_TRUE(compiler->compile(simple(), kPtx).ok());
    EXPECT_EQ(fakeNvrtc().options,
              " --std=c++17 --device-as-default-execution-space --gpu-architecture=compute_75 -DX=1");
    ASSERT_TRUE(compiler->compile(simple(), {90, CodeForm::Cubin}).ok());
    EXPECT_EQ(fakeNvrtc().options, " --std=c++17 --device-as-default-execution-space --gpu-architecture=sm_90 -DX=1");
    fakeNvrtc().major = 11;
    fakeNvrtc().minor = 6;
    ASSERT_TRUE(make("")->compile(simple(), kPtx).ok());
    EXPECT_NE(fakeNvrtc().options.find(" -D__grid_constant__= -DX=1"), std::string::npos) << fakeNvrtc().options;
}

TEST_F(CompilerTest, compilesOnceForAllProcesses)
{
    const auto first = make()->compile(simple(), kPtx);
    ASSERT_TRUE(first.ok()) << first.status().message();
    EXPECT_EQ(fakeNvrtc().compiled, 1);
    const auto other = make(); // as another process would
    const auto second = other->compile(simple(), kPtx);
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(fakeNvrtc().compiled, 1);
    EXPECT_EQ(second.value().bytes, first.value().bytes);
    EXPECT_EQ(other->use().fromCache, 1);
    EXPECT_EQ(other->use().compiled, 0);
}

TEST_F(CompilerTest, compilesAgainWhateverChanges)
{
    const auto compiler = make();
    const auto isNew = [&](const Program &program, Target target) {
        const int before = fakeNvrtc().compiled;
        EXPECT_TRUE(compiler->compile(program, target).ok());
        return fakeNvrtc().compiled == before + 1;
    };
    EXPECT_TRUE(isNew(simple(), kPtx));
    EXPECT_FALSE(isNew(simple(), kPtx));
    EXPECT_TRUE(isNew(simple(), {80, CodeForm::Ptx}));
    EXPECT_TRUE(isNew(simple(), {75, CodeForm::Cubin}));
    Program changed = simple();
    changed.source.text += " ";
    EXPECT_TRUE(isNew(changed, kPtx));
    changed = simple();
    changed.source.name = "c.cu"; // it is in __FILE__
    EXPECT_TRUE(isNew(changed, kPtx));
    changed = simple();
    changed.headers[0].text += " ";
    EXPECT_TRUE(isNew(changed, kPtx));
    changed = simple();
    changed.headers[0].name = "c.hpp";
    EXPECT_TRUE(isNew(changed, kPtx));
    changed = simple();
    changed.options = {"-DX=2"};
    EXPECT_TRUE(isNew(changed, kPtx));
    changed.options = {"-DX=1", ""};
    EXPECT_TRUE(isNew(changed, kPtx));
    fakeNvrtc().minor = 8;
    const int before = fakeNvrtc().compiled;
    ASSERT_TRUE(make()->compile(simple(), kPtx).ok());
    EXPECT_EQ(fakeNvrtc().compiled, before + 1) << "another version of the compiler";
}

TEST_F(CompilerTest, repairsADamagedCache)
{
    ASSERT_TRUE(make()->compile(simple(), kPtx).ok());
    for (const auto &file : fs::directory_iterator(folder_ + "/cache"))
        fs::resize_file(file.path(), fs::file_size(file.path()) / 2);
    const auto compiler = make();
    ASSERT_TRUE(compiler->compile(simple(), kPtx).ok());
    EXPECT_EQ(fakeNvrtc().compiled, 2);
    ASSERT_TRUE(compiler->compile(simple(), kPtx).ok());
    EXPECT_EQ(fakeNvrtc().compiled, 2);
}

std::string logged;

TEST_F(CompilerTest, worksWithoutACacheAndSaysWhy)
{
    std::ofstream(folder_ + "/file") << "x";
    logged.clear();
    setLogSink([](LogLevel, const char *text) { logged += std::string(text) + "\n"; });
    EXPECT_TRUE(make("")->compile(simple(), kPtx).ok());
    EXPECT_TRUE(make(folder_ + "/file/below")->compile(simple(), kPtx).ok());
    setLogSink(nullptr);
    EXPECT_EQ(fakeNvrtc().compiled, 2);
    EXPECT_NE(logged.find("neither XDG_CACHE_HOME nor HOME"), std::string::npos) << logged;
    EXPECT_NE(logged.find("/file/below: Not a directory"), std::string::npos) << logged;
}

TEST_F(CompilerTest, tellsTheCompilersWordsAndKeepsNoFailure)
{
    const auto compiler = make();
    Program program = simple();
    program.source.text = "// one\n#error here\n";
    for (int i = 1; i <= 2; ++i) {
        const auto code = compiler->compile(program, kPtx);
        ASSERT_FALSE(code.ok());
        EXPECT_EQ(code.status().code(), zc::Code::InvalidArgument);
        EXPECT_EQ(code.status().message(), "a.cu does not compile: a.cu(2): error: #error directive");
        EXPECT_EQ(fakeNvrtc().compiled, i);
    }
    program.options = {"--no-such"};
    EXPECT_EQ(compiler->compile(program, kPtx).status().code(), zc::Code::InvalidArgument);
    program = simple();
    program.source.text = std::string("a\0b", 3);
    EXPECT_NE(compiler->compile(program, kPtx).status().message().find("zero byte"), std::string::npos);
}

TEST_F(CompilerTest, compilesInTheCLocaleOfItsThreadAlone)
{
    ASSERT_TRUE(make("")->compile(simple(), kPtx).ok());
    EXPECT_EQ(fakeNvrtc().inOwnLocale, 1);
    EXPECT_EQ(uselocale(locale_t{}), LC_GLOBAL_LOCALE) << "the thread's locale was not given back";
}

TEST_F(CompilerTest, servesManyThreads)
{
    const auto compiler = make();
    std::vector<std::thread> threads;
    threads.reserve(8);
    std::atomic<int> good{0};
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            Program program = simple();
            program.options.push_back("-DI=" + std::to_string(i % 2));
            const auto code = compiler->compile(program, kPtx);
            good += code.ok() && code.value().bytes.find(program.options.back()) != std::string::npos;
        });
    for (std::thread &thread : threads)
        thread.join();
    EXPECT_EQ(good, 8);
    EXPECT_EQ(compiler->use().compiled + compiler->use().fromCache, 8);
}

// ---- what the library carries --------------------------------------------------------------------------------------

std::string contentsOf(const fs::path &path)
{
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
}

TEST(EmbeddedSources, areTheTreesFilesSortedByName)
{
    const auto all = embeddedSources();
    ASSERT_FALSE(all.empty());
    std::string before;
    for (const Embedded &one : all) {
        EXPECT_LT(before, one.name);
        before = one.name;
        fs::path path = fs::path(ZC_SOURCE_ROOT) / "kernels" / one.name;
        if (!fs::exists(path))
            path = fs::path(ZC_SOURCE_ROOT) / "kernels/include" / one.name;
        const std::string text(reinterpret_cast<const char *>(one.data), one.bytes);
        EXPECT_EQ(text, contentsOf(path)) << one.name;
        EXPECT_EQ(one.data[one.bytes], 0) << one.name;
    }
}

TEST(EmbeddedSources, holdEachKernelOnce)
{
    for (const KernelInfo &kernel : builtInKernels()) {
        const auto program = builtInProgram(kernel.name);
        ASSERT_TRUE(program.ok()) << program.status().message();
        EXPECT_EQ(program.value().source.text.find('@'), std::string::npos) << kernel.name;
        const auto ops = std::count_if(program.value().headers.begin(), program.value().headers.end(),
                                       [](const SourceText &header) { return header.name.starts_with("ops/"); });
        EXPECT_EQ(ops, 1) << kernel.name;
    }
    EXPECT_TRUE(builtInProgram("device_copy").ok());
    for (const char *unknown : {"", "none", "../etc/passwd", "device_op"})
        EXPECT_EQ(builtInProgram(unknown).status().code(), zc::Code::NotFound) << unknown;
}

} // namespace
} // namespace zc::cuda
