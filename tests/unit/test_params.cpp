// SPDX-License-Identifier: MIT
// Parameters: what is accepted, clamped and refused, and that the locale does not matter.
#include "core/params.hpp"

#include <clocale>
#include <gtest/gtest.h>
#include <limits>
#include <locale>
#include <string>
#include <vector>

namespace zc {
namespace {

enum { Brightness, Block, On, Method, Color };
constexpr ParamSpec kSpecs[] = {
    {"brightness", ParamType::Float, 0.25, -1, 1, "Added to luma"},
    {"block", ParamType::Int, 16, 1, 512, "Size of a cell"},
    {"on", ParamType::Bool, 0, 0, 1, "Whether"},
    {"method", ParamType::Enum, 0, 0, 2, "Which way", "horizontal|vertical|rotate-180"},
    {"color", ParamType::Colour, 0xff000000u, 0, 4294967295.0, "Of the paint"},
};

ParamValues values()
{
    return ParamValues(kSpecs);
}

void expectWords(const std::string &text, const std::vector<std::string> &words)
{
    for (const std::string &word : words)
        EXPECT_NE(text.find(word), std::string::npos) << word << " is not in: " << text;
}

TEST(ParamsTest, BeginAtTheirDefaults)
{
    const ParamValues p = values();
    EXPECT_EQ(p.view().number(Brightness), 0.25f);
    EXPECT_EQ(p.view().integer(Block), 16);
    EXPECT_FALSE(p.view().flag(On));
    EXPECT_EQ(p.view().colour(Color), 0xff000000u);
    EXPECT_EQ(p.toString(), "brightness=0.25,block=16,on=false,method=horizontal,color=#ff000000");
    EXPECT_EQ(p.indexOf("method"), Method);
    EXPECT_EQ(p.indexOf("Method"), -1);
}

struct Good {
    const char *name, *text;
    double value;
    const char *printed;
};

constexpr Good kGood[] = {
    {"brightness", "0.1", 0.1, "0.1"},
    {"brightness", "-1", -1, "-1"},
    {"brightness", "1e-3", 0.001, "0.001"},
    {"brightness", "+.5", 0.5, "0.5"},
    {"brightness", " 0.5\t", 0.5, "0.5"},
    {"brightness", "-0", 0, "0"},
    {"brightness", "1e-400", 0, "0"},
    {"brightness", "-1e-99999999999999999999", 0, "0"},
    {"block", "24", 24, "24"},
    {"block", "24.0", 24, "24"},
    {"block", "+7", 7, "7"},
    {"block", "512", 512, "512"},
    {"on", "true", 1, "true"},
    {"on", "Yes", 1, "true"},
    {"on", "1", 1, "true"},
    {"on", "FALSE", 0, "false"},
    {"on", "no", 0, "false"},
    {"on", "0", 0, "false"},
    {"method", "vertical", 1, "vertical"},
    {"method", "rotate-180", 2, "rotate-180"},
    {"method", "2", 2, "rotate-180"},
    {"color", "#ff0000", 4294901760.0, "#ffff0000"},
    {"color", "#80Ff0001", 2164195329.0, "#80ff0001"},
    {"color", "0x80ff0001", 2164195329.0, "#80ff0001"},
    {"color", "0XFFFFFFFF", 4294967295.0, "#ffffffff"},
    {"color", "2164195329", 2164195329.0, "#80ff0001"},
    {"color", "0", 0, "#00000000"},
};

TEST(ParamsTest, AcceptsGoodText)
{
    for (const Good &good : kGood) {
        SCOPED_TRACE(testing::Message() << good.name << "=" << good.text);
        ParamValues p = values();
        const Result<ParamNote> note = p.setText(good.name, good.text);
        ASSERT_TRUE(note.ok()) << note.status().message();
        EXPECT_EQ(note.value().text, "");
        const int index = p.indexOf(good.name);
        EXPECT_EQ(p.values()[static_cast<std::size_t>(index)], good.value);
        EXPECT_EQ(p.textOf(index), good.printed);
        ParamValues again = values();
        ASSERT_TRUE(again.setText(index, p.textOf(index)).ok());
        EXPECT_TRUE(again == p) << "what is printed reads back as the same";
    }
}

struct Bad {
    const char *name;
    std::string text;
    std::vector<std::string> words;
};

const std::vector<Bad> &badTexts()
{
    static const std::vector<Bad> kBad = {
        {"brightness", "", {"brightness", "number from -1 to 1"}},
        {"brightness", " ", {"brightness"}},
        {"brightness", "abc", {"abc", "number from -1 to 1"}},
        {"brightness", "0.1x", {"0.1x"}},
        {"brightness", "0,1", {"0,1"}},
        {"brightness", "0.1 0.2", {"0.1 0.2"}},
        {"brightness", "1e", {"1e"}},
        {"brightness", "+-1", {"+-1"}},
        {"brightness", "--1", {"--1"}},
        {"brightness", "+", {"+"}},
        {"brightness", "0x1p3", {"0x1p3"}},
        {"brightness", "nan", {"nan", "not a number"}},
        {"brightness", "NaN", {"not a number"}},
        {"brightness", "-nan", {"not a number"}},
        {"brightness", "\xff\xfe\n", {"???"}},
        {"brightness", std::string("0.1\0", 4), {"0.1?"}},
        {"brightness", "true", {"true"}},
        {"block", "24.5", {"24.5", "whole number from 1 to 512"}},
        {"block", "big", {"big", "whole number from 1 to 512"}},
        {"block", "0x10", {"0x10"}},
        {"on", "maybe", {"maybe", "true or false"}},
        {"on", "2", {"2", "true or false"}},
        {"on", "", {"true or false"}},
        {"method", "diagonal", {"diagonal", "horizontal, vertical, rotate-180"}},
        {"method", "Vertical", {"Vertical", "vertical"}},
        {"method", "3", {"3", "rotate-180"}},
        {"method", "-1", {"-1", "rotate-180"}},
        {"method", "0.5", {"0.5"}},
        {"method", "1e999", {"inf", "rotate-180"}},
        {"on", "1e999", {"1e999", "true or false"}},
        {"brightness", "1e999x", {"1e999x", "not a number"}},
        {"method", "horizontal|vertical", {"horizontal|vertical"}},
        {"color", "red", {"red", "#RRGGBB"}},
        {"color", "#fff", {"#fff", "#AARRGGBB"}},
        {"color", "#ff00", {"#ff00"}},
        {"color", "#ff00000g", {"#ff00000g"}},
        {"color", "#-ff0000", {"#-ff0000"}},
        {"color", "#", {"#"}},
        {"color", "0x", {"0x"}},
        {"color", "0x123456789", {"0x123456789"}},
        {"color", "1.5", {"1.5"}},
    };
    return kBad;
}

TEST(ParamsTest, RefusesBadTextAndKeepsTheValue)
{
    for (const Bad &bad : badTexts()) {
        SCOPED_TRACE(testing::Message() << bad.name << "=" << bad.text);
        ParamValues p = values();
        const Result<ParamNote> note = p.setText(bad.name, bad.text);
        ASSERT_FALSE(note.ok());
        EXPECT_EQ(note.status().code(), Code::InvalidArgument);
        expectWords(note.status().message(), bad.words);
        EXPECT_TRUE(p == values());
    }
}

TEST(ParamsTest, ClampsWithANote)
{
    struct Outside {
        const char *name, *text, *kept;
        std::vector<std::string> words;
    };
    const std::vector<Outside> all = {
        {"brightness", "3", "1", {"brightness", "3", "clamped to 1", "-1 to 1"}},
        {"brightness", "-1.0001", "-1", {"-1.0001", "clamped to -1"}},
        {"brightness", "1e300", "1", {"1e+300"}},
        {"brightness", "1e999", "1", {"brightness=inf ", "clamped to 1", "-1 to 1"}},
        {"brightness", "-1e99999999999999999999", "-1", {"brightness=-inf ", "clamped to -1"}},
        {"brightness", "inf", "1", {"brightness=inf ", "clamped to 1"}},
        {"brightness", "-infinity", "-1", {"brightness=-inf ", "clamped to -1"}},
        {"block", "1e999", "512", {"clamped to 512"}},
        {"block", "1e-999", "1", {"block=0", "clamped to 1"}},
        {"color", "1e999", "#ffffffff", {"color=inf "}},
        {"block", "0", "1", {"block", "clamped to 1", "1 to 512"}},
        {"block", "99999999999999999999", "512", {"clamped to 512"}},
        {"color", "4294967296", "#ffffffff", {"color", "4294967296"}},
        {"color", "-5", "#00000000", {"color", "-5"}},
    };
    for (const Outside &outside : all) {
        SCOPED_TRACE(testing::Message() << outside.name << "=" << outside.text);
        ParamValues p = values();
        const Result<ParamNote> note = p.setText(outside.name, outside.text);
        ASSERT_TRUE(note.ok()) << note.status().message();
        EXPECT_EQ(p.textOf(p.indexOf(outside.name)), outside.kept);
        expectWords(note.value().text, outside.words);
    }
}

TEST(ParamsTest, InvisibleColourIsExplained)
{
    ParamValues p = values();
    const Result<ParamNote> note = p.setText("color", "0xff0000");
    ASSERT_TRUE(note.ok());
    EXPECT_EQ(p.view().colour(Color), 0x00ff0000u);
    expectWords(note.value().text, {"opacity", "#ff0000", "0xffff0000"});
}

TEST(ParamsTest, NumbersAreCheckedToo)
{
    ParamValues p = values();
    EXPECT_TRUE(p.setNumber(Brightness, -0.5).ok());
    EXPECT_EQ(p.view().number(Brightness), -0.5f);
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(p.setNumber(i, kNan).status().code(), Code::InvalidArgument);
    for (const int choice : {On, Method})
        EXPECT_EQ(p.setNumber(choice, kInfinity).status().code(), Code::InvalidArgument);
    ASSERT_TRUE(p.setNumber(Brightness, -kInfinity).ok());
    EXPECT_EQ(p.view().number(Brightness), -1.0f);
    EXPECT_EQ(p.setNumber(Block, 1.5).status().code(), Code::InvalidArgument);
    EXPECT_EQ(p.setNumber(Method, 3).status().code(), Code::InvalidArgument);
    for (const int index : {-1, 5, 1000, std::numeric_limits<int>::min()}) {
        EXPECT_EQ(p.setNumber(index, 0).status().code(), Code::InvalidArgument);
        EXPECT_EQ(p.setText(index, "0").status().code(), Code::InvalidArgument);
        EXPECT_EQ(p.textOf(index), "");
    }
    const Result<ParamNote> note = p.setNumber(Brightness, std::numeric_limits<double>::max());
    ASSERT_TRUE(note.ok());
    EXPECT_NE(note.value().text, "");
    EXPECT_EQ(p.view().number(Brightness), 1.0f);
}

TEST(ParamsTest, UnknownNamesListTheValidOnes)
{
    ParamValues p = values();
    const Result<ParamNote> near = p.setText("brightnes", "0");
    ASSERT_FALSE(near.ok());
    EXPECT_EQ(near.status().code(), Code::NotFound);
    expectWords(near.status().message(), {"\"brightnes\"", "did you mean brightness?", "block, on, method, color"});
    const Result<ParamNote> far = p.setText("zzzzzz", "0");
    expectWords(far.status().message(), {"\"zzzzzz\"", "brightness, block, on, method, color"});
    EXPECT_EQ(far.status().message().find("did you mean"), std::string::npos);
    EXPECT_LT(p.setText(std::string(1000000, 'b'), "0").status().message().size(), 500u);
    ParamValues none;
    expectWords(none.setText("block", "1").status().message(), {"\"block\"", "none"});
    EXPECT_EQ(none.toString(), "");
}

TEST(ParamsTest, EqualityIsByValue)
{
    ParamValues a = values(), b = values();
    EXPECT_TRUE(a == b);
    ASSERT_TRUE(a.setNumber(Block, 17).ok());
    EXPECT_FALSE(a == b);
    b = a;
    EXPECT_TRUE(a == b);
}

TEST(ParamsTest, NearestRanksBySpelling)
{
    const std::vector<std::string> kernels = {"identity", "invert", "adjust", "gray",
                                              "pixelate", "fill",   "flip",   "box-blur"};
    EXPECT_EQ(nearest("grey", kernels, 1), std::vector<std::string>{"gray"});
    EXPECT_EQ(nearest("blur", kernels, 1), std::vector<std::string>{"box-blur"});
    EXPECT_EQ(nearest("pix", kernels, 1), std::vector<std::string>{"pixelate"});
    EXPECT_EQ(nearest("INVRET", kernels, 1), std::vector<std::string>{"invert"});
    EXPECT_EQ(nearest("boxblur", kernels, 3), std::vector<std::string>{"box-blur"});
    EXPECT_EQ(nearest("fli", kernels, 2), (std::vector<std::string>{"flip", "fill"}));
    EXPECT_EQ(nearest("fli", kernels, 0), std::vector<std::string>());
    EXPECT_EQ(nearest("", kernels, 3), std::vector<std::string>());
    EXPECT_EQ(nearest("quaternion", kernels, 3), std::vector<std::string>());
    EXPECT_EQ(nearest(std::string(100000, 'x'), kernels, 3), std::vector<std::string>());
}

std::string rejoined(const std::vector<NamedText> &parts)
{
    std::string text;
    for (const NamedText &part : parts)
        text += part.name + "[" + part.text + "]";
    return text;
}

TEST(SplitParamsTest, SplitsGoodText)
{
    const std::vector<std::pair<std::string, std::string>> all = {
        {"", ""},
        {"  ", ""},
        {"a=1", "a[1]"},
        {"a=1, b=#ff0000", "a[1]b[#ff0000]"},
        {" a = 1 ,\tb\n= 2 , ", "a[1]b[2]"},
        {"a=1,", "a[1]"},
        {"a=\"x, y\",b=2", "a[x, y]b[2]"},
        {"a=\"q\\\"q\\\\\"", "a[q\"q\\]"},
        {"a=\"\"", "a[]"},
        {"a=b=c", "a[b=c]"},
        {"a=1,b=2,a=3", "a[3]b[2]"},
        {"brightness=(float)0.1,c=(double) -2", "brightness[0.1]c[-2]"},
        {"a=(string)\"x,y\"", "a[x,y]"},
        {"box-blur_2=1", "box-blur_2[1]"},
    };
    for (const auto &[text, expected] : all) {
        SCOPED_TRACE(text);
        const Result<std::vector<NamedText>> parts = splitParams(text);
        ASSERT_TRUE(parts.ok()) << parts.status().message();
        EXPECT_EQ(rejoined(parts.value()), expected);
    }
}

TEST(SplitParamsTest, NamesTheMalformedPiece)
{
    const std::vector<std::pair<std::string, std::string>> all = {
        {"a", "\"a\""},
        {"a=1,b", "\"b\""},
        {"a=1,,b=2", "empty"},
        {",", "empty"},
        {"=1", "\"=1\""},
        {"a=", "no value"},
        {"a=(float)", "no value"},
        {"a=1,b= ,c=2", "\"b=\""},
        {"a=\"x", "closing"},
        {"a=\"x\"y", "goes on"},
        {"a=x\"y\"", "quotation"},
        {"a=\"x\\", "closing"},
        {"a b=1", "\"a b=1\""},
        {"\xc3\xa4=1", "other characters"},
        {std::string("a\0=1", 4), "\"a?=1\""},
    };
    for (const auto &[text, word] : all) {
        SCOPED_TRACE(text);
        const Result<std::vector<NamedText>> parts = splitParams(text);
        ASSERT_FALSE(parts.ok());
        EXPECT_EQ(parts.status().code(), Code::InvalidArgument);
        expectWords(parts.status().message(), {word, "name=value,name=value"});
    }
}

TEST(PutParamTest, TheLaterValueWins)
{
    std::vector<NamedText> parts = {{"a", "1"}, {"b", "2"}};
    EXPECT_TRUE(putParam(parts, {"a", "3"}).ok());
    EXPECT_TRUE(putParam(parts, {"c", "4"}).ok());
    EXPECT_EQ(rejoined(parts), "a[3]b[2]c[4]");
}

TEST(SplitParamsTest, HugeTextEndsSoon)
{
    std::string many;
    for (int i = 0; i < 100000; ++i)
        many += "p" + std::to_string(i) + "=1,";
    EXPECT_FALSE(splitParams(many).ok());
    const Result<std::vector<NamedText>> garbage = splitParams(std::string(1000000, '"'));
    ASSERT_FALSE(garbage.ok());
    EXPECT_LT(garbage.status().message().size(), 500u);
}

TEST(SplitKernelTest, SplitsAtTheFirstComma)
{
    using Pair = std::pair<std::string, std::string>;
    EXPECT_EQ(splitKernel("pixelate,block=24"), Pair("pixelate", "block=24"));
    EXPECT_EQ(splitKernel(" adjust , a=1, b=2 "), Pair("adjust", "a=1, b=2"));
    EXPECT_EQ(splitKernel("gray"), Pair("gray", ""));
    EXPECT_EQ(splitKernel("gray,"), Pair("gray", ""));
    EXPECT_EQ(splitKernel(""), Pair("", ""));
    EXPECT_EQ(splitKernel(",a=1"), Pair("", "a=1"));
}

// A C++ locale needs no files, so that this runs everywhere; it would show in streams, not in printf and strtod.
struct CommaPunctuation : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
};

TEST(ParamsLocaleTest, CommaInStreamsChangesNothing)
{
    const std::locale before = std::locale::global(std::locale(std::locale::classic(), new CommaPunctuation));
    ParamValues p = values();
    const Result<ParamNote> good = p.setText("brightness", "0.1");
    const Result<ParamNote> clamped = p.setText("block", "12345");
    const std::string printed = p.toString();
    std::locale::global(before);
    ASSERT_TRUE(good.ok() && clamped.ok());
    EXPECT_EQ(printed, "brightness=0.1,block=512,on=false,method=horizontal,color=#ff000000");
    expectWords(clamped.value().text, {"12345", "1 to 512"});
}

TEST(ParamsLocaleTest, CommaLocaleChangesNothing)
{
    const std::string before = setlocale(LC_ALL, nullptr);
    const char *locale = nullptr;
    for (const char *name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8", "de_DE"}) {
        locale = setlocale(LC_ALL, name);
        if (locale != nullptr)
            break;
    }
    if (locale == nullptr)
        GTEST_SKIP() << "no locale with a decimal comma is installed";
    ParamValues p = values();
    const Result<ParamNote> good = p.setText("brightness", "0.1");
    const Result<ParamNote> bad = p.setText("brightness", "0,2");
    const std::string printed = p.textOf(Brightness);
    setlocale(LC_ALL, before.c_str());
    EXPECT_TRUE(good.ok());
    EXPECT_FALSE(bad.ok());
    EXPECT_EQ(printed, "0.1");
}

} // namespace
} // namespace zc
