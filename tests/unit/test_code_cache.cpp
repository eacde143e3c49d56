// SPDX-License-Identifier: MIT
// The cache of compiled code: it survives whatever happens to its files, its directory and its neighbours.
#include "cuda/code_cache.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace zc::cuda {
namespace {

namespace fs = std::filesystem;

Sha256::Digest keyOf(const std::string &text)
{
    Sha256 sum;
    sum.addField(text);
    return sum.finish();
}

class CodeCacheTest : public testing::Test {
protected:
    CodeCacheTest()
    {
        std::string name = (fs::temp_directory_path() / "zc-cache-XXXXXX").string();
        folder_ = mkdtemp(name.data());
    }
    ~CodeCacheTest() override { fs::remove_all(folder_); }

    std::string at(const std::string &name) const { return folder_ + "/" + name; }
    CodeCache open(std::uint64_t limit = kCodeCacheBytes) const
    {
        auto cache = CodeCache::open(at("cache"), limit);
        EXPECT_TRUE(cache.ok()) << cache.status().message();
        return std::move(cache.value());
    }
    std::string fileOf(const std::string &key) const { return at("cache/") + hexOf(keyOf(key)) + ".code"; }
    int files() const
    {
        int count = 0;
        for ([[maybe_unused]] const auto &file : fs::directory_iterator(at("cache")))
            ++count;
        return count;
    }

    std::string folder_;
};

std::string bytesOf(const std::string &key, std::size_t size = 5000)
{
    std::string out;
    while (out.size() < size)
        out += key + '\0';
    return out;
}

TEST(Sha256, givesTheStandardsDigests)
{
    const auto hex = [](const std::string &text) {
        Sha256 sum;
        sum.add(text);
        return hexOf(sum.finish());
    };
    EXPECT_EQ(hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hex(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_F(CodeCacheTest, findsWhatWasStoredAndNothingElse)
{
    const CodeCache cache = open();
    EXPECT_FALSE(cache.find(keyOf("a")).has_value());
    ASSERT_TRUE(cache.store(keyOf("a"), bytesOf("a")).ok());
    EXPECT_EQ(cache.find(keyOf("a")), bytesOf("a"));
    EXPECT_EQ(open().find(keyOf("a")), bytesOf("a"));
    EXPECT_FALSE(cache.find(keyOf("b")).has_value());
    EXPECT_EQ(files(), 1);
    struct stat info {};
    ASSERT_EQ(stat(at("cache").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(CodeCacheTest, removesFilesThatWereCutOff)
{
    const CodeCache cache = open();
    ASSERT_TRUE(cache.store(keyOf("a"), bytesOf("a")).ok());
    const auto whole = static_cast<off_t>(fs::file_size(fileOf("a")));
    for (const off_t length : {off_t{0}, off_t{1}, off_t{47}, off_t{48}, off_t{49}, whole / 2, whole - 1}) {
        ASSERT_EQ(truncate(fileOf("a").c_str(), length), 0);
        EXPECT_FALSE(cache.find(keyOf("a")).has_value()) << length;
        EXPECT_FALSE(fs::exists(fileOf("a"))) << length;
        ASSERT_TRUE(cache.store(keyOf("a"), bytesOf("a")).ok());
        EXPECT_EQ(cache.find(keyOf("a")), bytesOf("a"));
    }
}

TEST_F(CodeCacheTest, removesFilesThatWereAltered)
{
    const CodeCache cache = open();
    ASSERT_TRUE(cache.store(keyOf("a"), bytesOf("a", 100)).ok());
    const auto size = static_cast<int>(fs::file_size(fileOf("a")));
    for (int i = 0; i < size; i += 3) {
        std::fstream file(fileOf("a"), std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(i);
        const int byte = file.get();
        file.seekp(i);
        file.put(static_cast<char>(byte ^ 1));
        file.close();
        EXPECT_FALSE(cache.find(keyOf("a")).has_value()) << "byte " << i;
        EXPECT_FALSE(fs::exists(fileOf("a"))) << "byte " << i;
        ASSERT_TRUE(cache.store(keyOf("a"), bytesOf("a", 100)).ok());
    }
    std::ofstream(fileOf("a"), std::ios::app) << "more";
    EXPECT_FALSE(cache.find(keyOf("a")).has_value());
}

// A whole and valid file under the name of another key is not that key's code.
TEST_F(CodeCacheTest, removesFilesOfAnotherKey)
{
    const CodeCache cache = open();
    ASSERT_TRUE(cache.store(keyOf("a"), bytesOf("a")).ok());
    fs::rename(fileOf("a"), fileOf("b"));
    EXPECT_FALSE(cache.find(keyOf("b")).has_value());
}

TEST_F(CodeCacheTest, neverFollowsOrWaitsForWhatIsNoFile)
{
    const CodeCache cache = open();
    ASSERT_EQ(mkfifo(fileOf("fifo").c_str(), 0600), 0);
    EXPECT_FALSE(cache.find(keyOf("fifo")).has_value());
    ASSERT_TRUE(cache.store(keyOf("a"), bytesOf("a")).ok());
    fs::rename(fileOf("a"), at("outside"));
    fs::create_symlink(at("outside"), fileOf("a"));
    EXPECT_FALSE(cache.find(keyOf("a")).has_value());
    EXPECT_TRUE(fs::exists(at("outside")));
    fs::create_directory(fileOf("folder"));
    EXPECT_FALSE(cache.find(keyOf("folder")).has_value());
    EXPECT_FALSE(cache.store(keyOf("folder"), bytesOf("folder")).ok());
    EXPECT_EQ(files(), 1) << "a temporary file was left behind";
}

// The entry is good and will be found again.
TEST_F(CodeCacheTest, keepsWhatItCannotOpenNow)
{
    const CodeCache cache = open();
    ASSERT_TRUE(cache.store(keyOf("a"), bytesOf("a")).ok());
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlimit none{0, limit.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_FALSE(cache.find(keyOf("a")).has_value()) << "no descriptor is to be had";
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(cache.find(keyOf("a")), bytesOf("a"));
}

TEST_F(CodeCacheTest, refusesDirectoriesThatOthersCanWrite)
{
    fs::create_directory(at("cache"));
    for (const mode_t mode : {0770u, 0707u, 0777u, 01777u}) {
        ASSERT_EQ(chmod(at("cache").c_str(), mode), 0);
        const auto cache = CodeCache::open(at("cache"));
        ASSERT_FALSE(cache.ok()) << std::oct << mode;
        EXPECT_NE(cache.status().message().find("chmod 700"), std::string::npos) << cache.status().message();
    }
    ASSERT_EQ(chmod(at("cache").c_str(), 0755), 0);
    EXPECT_TRUE(CodeCache::open(at("cache")).ok());
}

TEST_F(CodeCacheTest, refusesDirectoriesOfOthers)
{
    std::string of = "/usr";
    if (geteuid() == 0) {
        of = at("cache");
        fs::create_directory(of);
        ASSERT_EQ(chown(of.c_str(), 65534, 65534), 0);
    }
    const auto cache = CodeCache::open(of);
    ASSERT_FALSE(cache.ok());
    EXPECT_NE(cache.status().message().find("belongs to user"), std::string::npos) << cache.status().message();
}

TEST_F(CodeCacheTest, saysWhyADirectoryCannotBeUsed)
{
    std::ofstream(at("file")) << "x";
    fs::create_directory(at("real"));
    fs::create_directory_symlink(at("real"), at("link"));
    for (const std::string &name : {at("file"), at("file/below"), at("link"), std::string("/proc/nowhere")}) {
        const auto cache = CodeCache::open(name);
        ASSERT_FALSE(cache.ok()) << name;
        EXPECT_EQ(cache.status().code(), zc::Code::Access);
        EXPECT_EQ(cache.status().message().find(name), 0u) << cache.status().message();
    }
    EXPECT_EQ(CodeCache::open("").status().code(), zc::Code::NotFound);
}

TEST_F(CodeCacheTest, saysThatItCannotWrite)
{
    const CodeCache cache = open();
    fs::remove_all(at("cache"));
    EXPECT_EQ(cache.store(keyOf("a"), bytesOf("a")).code(), zc::Code::Access);
    EXPECT_FALSE(cache.find(keyOf("a")).has_value());
}

void setTimes(const std::string &file, std::time_t seconds)
{
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
}

TEST_F(CodeCacheTest, dropsWhatWasUsedLongestAgo)
{
    const CodeCache cache = open(4 * 5100);
    const std::time_t now = std::time(nullptr);
    const std::string names[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(cache.store(keyOf(names[i]), bytesOf(names[i])).ok());
        setTimes(fileOf(names[i]), now - 100 + i);
    }
    EXPECT_TRUE(cache.find(keyOf("a")).has_value()); // used now
    std::ofstream(at("cache/README")) << std::string(100000, 'x');
    std::ofstream(at("cache/tmp-1-2-x.code")) << "from a process that was killed";
    setTimes(at("cache/tmp-1-2-x.code"), now - 7200);
    std::ofstream(at("cache/tmp-3-4-x.code")) << "being written";
    ASSERT_TRUE(cache.store(keyOf("e"), bytesOf("e")).ok());
    EXPECT_FALSE(fs::exists(fileOf("b")));
    for (const char *kept : {"a", "c", "d", "e"})
        EXPECT_TRUE(fs::exists(fileOf(kept))) << kept;
    EXPECT_TRUE(fs::exists(at("cache/README")));
    EXPECT_FALSE(fs::exists(at("cache/tmp-1-2-x.code")));
    EXPECT_TRUE(fs::exists(at("cache/tmp-3-4-x.code")));
}

// Each writes and reads the same few keys; whoever finds one finds all of it.
bool storeAndFind(const std::string &directory)
{
    for (int round = 0; round < 100; ++round) {
        const auto cache = CodeCache::open(directory);
        const std::string name = "key" + std::to_string(round % 3);
        if (!cache || !cache.value().store(keyOf(name), bytesOf(name, 60000)).ok())
            return false;
        const auto found = cache.value().find(keyOf(name));
        if (found != bytesOf(name, 60000))
            return false;
    }
    return true;
}

TEST_F(CodeCacheTest, bearsWritersInThreadsAndProcesses)
{
    std::vector<pid_t> children;
    for (int i = 0; i < 3; ++i) {
        children.push_back(fork());
        if (children.back() == 0)
            _exit(storeAndFind(at("cache")) ? 0 : 1);
    }
    bool fine[3] = {};
    std::vector<std::thread> threads;
    for (bool &one : fine)
        threads.emplace_back([&] { one = storeAndFind(at("cache")); });
    for (std::thread &thread : threads)
        thread.join();
    for (const pid_t child : children) {
        int status = -1;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    EXPECT_TRUE(fine[0] && fine[1] && fine[2]);
    EXPECT_EQ(files(), 3);
}

TEST_F(CodeCacheTest, liesWhereTheEnvironmentSays)
{
    const char *home = getenv("HOME"), *cache = getenv("XDG_CACHE_HOME");
    const std::string oldHome = home ? home : "", oldCache = cache ? cache : "";
    setenv("HOME", "/home-of-a-test", 1);
    setenv("XDG_CACHE_HOME", "/cache-of-a-test", 1);
    EXPECT_EQ(CodeCache::defaultDirectory(), "/cache-of-a-test/cudazerocopy");
    setenv("XDG_CACHE_HOME", "relative", 1);
    EXPECT_EQ(CodeCache::defaultDirectory(), "/home-of-a-test/.cache/cudazerocopy");
    unsetenv("XDG_CACHE_HOME");
    EXPECT_EQ(CodeCache::defaultDirectory(), "/home-of-a-test/.cache/cudazerocopy");
    unsetenv("HOME");
    EXPECT_EQ(CodeCache::defaultDirectory(), "");
    if (home)
        setenv("HOME", oldHome.c_str(), 1);
    if (cache)
        setenv("XDG_CACHE_HOME", oldCache.c_str(), 1);
}

} // namespace
} // namespace zc::cuda
