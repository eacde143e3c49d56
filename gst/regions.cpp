// SPDX-License-Identifier: MIT
// Boxes added up, widened and clipped.
#include "regions.hpp"

#include "log.hpp"

#include <algorithm>
#include <climits>

#define GST_CAT_DEFAULT logElement

namespace zc::gst {

namespace {

void addRoiBoxes(GstBuffer *buffer, std::vector<Rect> &into)
{
    const auto toInt = [](guint v) { return static_cast<std::int32_t>(std::min<guint>(v, INT_MAX)); };
    gpointer state = nullptr;
    while (GstMeta *meta =
               gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
        const auto *roi = reinterpret_cast<const GstVideoRegionOfInterestMeta *>(meta);
        into.push_back({toInt(roi->x), toInt(roi->y), toInt(roi->w), toInt(roi->h)});
    }
}

bool samePicture(const Frame &a, const Frame &b)
{
    return a.format == b.format && a.width == b.width && a.height == b.height;
}

constexpr std::size_t kMostBoxes = 1024;

} // namespace

// Cutting overlapping boxes apart costs more than in proportion, and a broken detector may attach any number. The
// surplus is not dropped, which might show what was to be hidden: one box round all of it takes its place.
void Regions::bound()
{
    std::vector<Rect> &boxes = wanted_;
    if (boxes.size() <= kMostBoxes)
        return;
    if (!told_)
        GST_WARNING_OBJECT(element_,
                           "a frame has %zu regions; those beyond the first %zu are treated as one that surrounds them",
                           boxes.size(), kMostBoxes - 1);
    told_ = true;
    Rect &last = boxes[kMostBoxes - 1];
    std::int64_t left = last.x, top = last.y, right = left + last.width, bottom = top + last.height;
    for (std::size_t i = kMostBoxes; i < boxes.size(); ++i) {
        left = std::min<std::int64_t>(left, boxes[i].x);
        top = std::min<std::int64_t>(top, boxes[i].y);
        right = std::max<std::int64_t>(right, std::int64_t{boxes[i].x} + boxes[i].width);
        bottom = std::max<std::int64_t>(bottom, std::int64_t{boxes[i].y} + boxes[i].height);
    }
    const auto side = [](std::int64_t from, std::int64_t to) {
        return static_cast<std::int32_t>(std::min<std::int64_t>(to - from, INT_MAX));
    };
    last = {static_cast<std::int32_t>(left), static_cast<std::int32_t>(top), side(left, right), side(top, bottom)};
    boxes.resize(kMostBoxes);
}

void Regions::read(GstBuffer *buffer, const Choices &choices)
{
    const unsigned sources = choices.regionSources;
    const bool boxesRide = (sources & (kFromRoiMeta | kFromAnalyticsMeta | kFromNvdsMeta)) != 0;
    const bool fromProperty = (sources & kFromProperty) != 0;
    common_.clear();
    boxes_.clear();
    namedFrames_ = 0;
    grow_ = choices.regionGrow;
    wholeFrame_ = !boxesRide && (!fromProperty || choices.regions.empty());
    if (wholeFrame_)
        return;
    if (fromProperty)
        common_.insert(common_.end(), choices.regions.begin(), choices.regions.end());
    if ((sources & kFromRoiMeta) != 0)
        addRoiBoxes(buffer, common_);
    if ((sources & kFromAnalyticsMeta) != 0)
        addAnalyticsBoxes(buffer, common_);
    if ((sources & kFromNvdsMeta) == 0)
        return;
    const NvdsReading reading = readNvdsBoxes(buffer, choices.nvdsClasses, boxes_);
    namedFrames_ = reading.frames;
    tell(reading.fault);
}

bool Regions::nothing() const
{
    return !wholeFrame_ && common_.empty() && boxes_.empty();
}

void Regions::setFrames(std::size_t count)
{
    if (places_.size() < count)
        places_.resize(count);
    for (Place &place : places_)
        place.own.clear();
    // What nvstreamdemux took out of a batch may still say where it was in there.
    const bool onlyOne = count == 1 && namedFrames_ == 1;
    for (const NvdsBox &box : boxes_) {
        const std::size_t index = onlyOne ? 0 : box.surface;
        if (index < count)
            places_[index].own.push_back(box.rect);
        else
            tell({.kind = NvdsFault::Kind::Surface, .surface = box.surface});
    }
}

Target Regions::of(std::size_t index, const Frame &frame)
{
    if (wholeFrame_)
        return {true, {}};
    Place &place = places_[index];
    wanted_.assign(common_.begin(), common_.end());
    wanted_.insert(wanted_.end(), place.own.begin(), place.own.end());
    bound();
    if (grow_ > 0) {
        for (Rect &rect : wanted_)
            rect = grown(rect, grow_);
    }
    if (wanted_ != place.before || !samePicture(frame, place.picture)) {
        clipToFrame(wanted_, frame, place.clipped);
        place.before = wanted_;
        place.picture = frame;
    }
    return {false, place.clipped};
}

void Regions::tell(const NvdsFault &fault)
{
    const unsigned bit = 1U << static_cast<unsigned>(fault.kind);
    if (fault.kind == NvdsFault::Kind::None || (faultsTold_ & bit) != 0)
        return;
    faultsTold_ |= bit;
    GST_ELEMENT_WARNING(element_, STREAM, FAILED,
                        ("regions-from=nvds-meta: the frames' NvDsBatchMeta is broken: %s", describe(fault).c_str()),
                        ("Told once for each kind of fault."));
}

void Regions::clear()
{
    common_.clear();
    boxes_.clear();
    places_.clear();
    told_ = false;
    faultsTold_ = 0;
}

Rect rectOfField(const Rect &rect, int parity)
{
    const int top = (rect.y - parity + 1) / 2;
    const int bottom = (rect.y + rect.height - parity + 1) / 2;
    return {rect.x, top, rect.width, bottom - top};
}

} // namespace zc::gst
