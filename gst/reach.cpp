// SPDX-License-Identifier: MIT
// Kinds of GPU memory, offered only where they can be reached.
#include "reach.hpp"

#include "log.hpp"
#include "memory/cuda_context.hpp"

namespace zc::gst {
namespace {

bool mentions(const GstCaps *caps, const char *feature)
{
    if (gst_caps_is_any(caps))
        return true;
    for (guint i = 0; i < gst_caps_get_size(caps); ++i) {
        const GstCapsFeatures *features = gst_caps_get_features(caps, i);
        if (gst_caps_features_is_any(features) || gst_caps_features_contains(features, feature))
            return true;
    }
    return false;
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
    const bool asked = offer.gl && mentions(caps, kFeatureGl) && (filter == nullptr || mentions(filter, kFeatureGl));
    Status gl;
    if (asked && GST_STATE(element_) != GST_STATE_NULL) {
        gl = gl_.reachable(deviceId);
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
    return gl ? gl_.reachable(deviceId) : cudaMemoryReachable();
}

} // namespace zc::gst
