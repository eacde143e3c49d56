// SPDX-License-Identifier: MIT
// Kinds of GPU memory, offered only where they can be reached.
#include "reach.hpp"

#include "log.hpp"
#include "memory/cuda_context.hpp"

#include <algorithm>

namespace zc::gst {
namespace {

bool names(const GstCaps *caps, const char *feature)
{
    for (guint i = 0; i < gst_caps_get_size(caps); ++i) {
        const GstCapsFeatures *features = gst_caps_get_features(caps, i);
        if (!gst_caps_features_is_any(features) && gst_caps_features_contains(features, feature))
            return true;
    }
    return false;
}

bool takesAny(const GstCaps *caps)
{
    bool any = gst_caps_is_any(caps);
    for (guint i = 0; !any && i < gst_caps_get_size(caps); ++i)
        any = gst_caps_features_is_any(gst_caps_get_features(caps, i));
    // The base class puts the element's own template in the place of ANY, and no other element names both.
    return any || (names(caps, kFeatureGl) && names(caps, kFeatureNvmm));
}

// How caps speak of GLMemory: those that take any memory are not about it.
enum class Mention { No, Any, ByName };

Mention mentionOf(const GstCaps *caps)
{
    if (takesAny(caps))
        return Mention::Any;
    return names(caps, kFeatureGl) ? Mention::ByName : Mention::No;
}

} // namespace

bool Reach::offersCuda(Device device) const
{
    if (device == Device::Cpu || !cudaMemoryUsable())
        return false;
    return device == Device::Cuda || GST_STATE(element_) == GST_STATE_NULL || cudaMemoryWorthOffering();
}

GstCaps *Reach::narrow(GstCaps *caps, GstCaps *filter, Device device, int deviceId, std::string &why)
{
    Offer offer{offersCuda(device), device != Device::Cpu && glMemoryBuilt()};
    const Mention given = mentionOf(caps), wanted = filter != nullptr ? mentionOf(filter) : given;
    const bool open = given == Mention::ByName || wanted == Mention::ByName;
    Status gl;
    if (offer.gl && given != Mention::No && wanted != Mention::No && GST_STATE(element_) != GST_STATE_NULL) {
        gl = gl_.reachable(deviceId, open);
        offer.gl = gl.ok();
    }
    GstCaps *offered = offeredCaps(device, offer);
    GstCaps *result = gst_caps_intersect_full(caps, offered, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref(offered);
    if (filter != nullptr) {
        GstCaps *filtered = gst_caps_intersect_full(filter, result, GST_CAPS_INTERSECT_FIRST);
        gst_caps_unref(result);
        result = filtered;
    }
    if (!gl.ok()) {
        GST_CAT_INFO_OBJECT(logElement, element_, "%s", gl.message().c_str());
        why = gst_caps_is_empty(result) && !gst_caps_is_empty(caps) ? gl.message() : "";
    }
    return result;
}

Status Reach::check(const Negotiated &negotiated, Device device, int deviceId)
{
    if (negotiated.feature != MemoryKind::Cuda && negotiated.feature != MemoryKind::Gl)
        return {};
    const bool gl = negotiated.feature == MemoryKind::Gl;
    if (device == Device::Cpu)
        return {Code::Unsupported, std::string("device=cpu cannot reach ") + (gl ? kFeatureGl : kFeatureCuda) +
                                       "; use device=auto, or put " + (gl ? "gldownload" : "cudadownload") +
                                       " before the element"};
    return gl ? gl_.reachable(deviceId, true) : cudaMemoryReachable();
}

} // namespace zc::gst
