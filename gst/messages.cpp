// SPDX-License-Identifier: MIT
// Which domain and code of GStreamer's a failure has, and messages of its sentence.
#include "messages.hpp"

#include "log.hpp"

#define GST_CAT_DEFAULT logElement

namespace zc::gst {

namespace {

struct ErrorCode {
    GQuark domain;
    gint code;
};

ErrorCode errorCodeFor(Code code)
{
    switch (code) {
    case Code::InvalidArgument:
        return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS};
    case Code::NotFound:
        return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND};
    case Code::Unsupported:
    case Code::BadLayout:
        return {GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT};
    case Code::Access:
        return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE};
    case Code::Gpu:
    case Code::GpuLost:
        return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED};
    case Code::Ok:
    case Code::Interrupted:
    case Code::System:
        break;
    }
    return {GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED};
}

void post(GstElement *element, GstMessageType type, const ErrorCode &code, const std::string &text)
{
    gst_element_message_full(element, type, code.domain, code.code, g_strdup(text.c_str()), nullptr, __FILE__, __func__,
                             __LINE__);
}

} // namespace

void postError(GstElement *element, const Status &status)
{
    post(element, GST_MESSAGE_ERROR, errorCodeFor(status.code()), status.message());
}

void postWarning(GstElement *element, const std::string &text)
{
    post(element, GST_MESSAGE_WARNING, {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS}, text);
}

void warnUser(GstElement *element, Settings &settings, const std::string &text)
{
    GST_WARNING_OBJECT(element, "%s", text.c_str());
    if (!settings.keepNote(text))
        postWarning(element, text);
}

} // namespace zc::gst
