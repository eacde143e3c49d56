// SPDX-License-Identifier: MIT
// Starts GStreamer and the plugin's log categories before the tests of its parts.
#include "log.hpp"

#include <gst/gst.h>
#include <gtest/gtest.h>

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    gst_init(&argc, &argv);
    zc::gst::initLog();
    return RUN_ALL_TESTS();
}
