// SPDX-License-Identifier: MIT
// A pipeline from a launch line, run to its end or its first error.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>
#include <vector>

namespace zc::vm {

struct FreeStructure {
    void operator()(GstStructure *structure) const { gst_structure_free(structure); }
};
using StructurePtr = std::unique_ptr<GstStructure, FreeStructure>;

class Pipeline {
public:
    // A line that cannot be parsed is a failure of the test.
    explicit Pipeline(const std::string &line);
    Pipeline(const Pipeline &) = delete;
    Pipeline &operator=(const Pipeline &) = delete;
    ~Pipeline();

    // Borrowed: the pipeline holds it.
    GstElement *get(const char *name) const;

    void start();
    // Until the end of the stream (true) or an error. Everything posted on the way is kept.
    bool wait();
    bool run();
    void stop();

    const std::string &error() const { return error_; }
    const std::string &warnings() const { return warnings_; }
    // The element's own "stats" messages, oldest first.
    const std::vector<StructurePtr> &posted() const { return posted_; }
    // Of the element named zc.
    StructurePtr stats() const;
    guint64 stat(const char *name) const;

private:
    void take(GstMessage *message);

    GstElement *pipeline_ = nullptr;
    std::string error_, warnings_;
    std::vector<StructurePtr> posted_;
};

} // namespace zc::vm
