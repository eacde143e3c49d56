// SPDX-License-Identifier: MIT
// Boxes of GstAnalytics object detections, where the build found that library.
#include "regions.hpp"

#ifdef ZC_HAVE_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

namespace zc::gst {

#ifdef ZC_HAVE_ANALYTICS

bool haveAnalytics()
{
    return true;
}

void addAnalyticsBoxes(GstBuffer *buffer, std::vector<Rect> &into)
{
    GstAnalyticsRelationMeta *relations = gst_buffer_get_analytics_relation_meta(buffer);
    if (relations == nullptr)
        return;
    gpointer state = nullptr;
    GstAnalyticsODMtd found;
    while (gst_analytics_relation_meta_iterate(relations, &state, gst_analytics_od_mtd_get_mtd_type(), &found)) {
        gint x = 0, y = 0, width = 0, height = 0;
        gfloat confidence = 0;
        if (gst_analytics_od_mtd_get_location(&found, &x, &y, &width, &height, &confidence))
            into.push_back({x, y, width, height});
    }
}

#else

bool haveAnalytics()
{
    return false;
}

void addAnalyticsBoxes(GstBuffer *, std::vector<Rect> &) {}

#endif

} // namespace zc::gst
