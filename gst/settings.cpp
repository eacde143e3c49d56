// SPDX-License-Identifier: MIT
// Setters that keep the last good value and remember what they refused.
#include "settings.hpp"

#include "regions.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace zc::gst {

namespace {

struct Applied {
    Status status;
    std::string notes;
};

Applied applyAll(ParamValues &values, const std::vector<NamedText> &parts)
{
    Applied applied;
    for (const NamedText &part : parts) {
        const auto note = values.setText(part.name, part.text);
        if (!note)
            return {note.status(), {}};
        if (note.value().text.empty())
            continue;
        if (!applied.notes.empty())
            applied.notes += "; ";
        applied.notes += note.value().text;
    }
    return applied;
}

Applied applyText(ParamValues &values, std::string_view text)
{
    const auto parts = splitParams(text);
    return parts ? applyAll(values, parts.value()) : Applied{parts.status(), {}};
}

std::string forKernel(const KernelInfo &kernel, const std::string &why)
{
    return "kernel \"" + std::string(kernel.name) + "\": " + why;
}

std::string nicksOf(const GFlagsClass &flags)
{
    std::string text;
    for (guint i = 0; i < flags.n_values; ++i)
        text += (i > 0 ? ", " : "") + std::string(flags.values[i].value_nick);
    return text;
}

} // namespace

Status checkRegionSources(unsigned sources)
{
    if ((sources & kFromAnalyticsMeta) == 0 || haveAnalytics())
        return {};
    return {Code::Unsupported, "regions-from=analytics-meta: this build has no GstAnalytics, which comes with "
                               "GStreamer 1.24; use regions-from=roi-meta"};
}

Status checkRegionGrow(double percent)
{
    if (!std::isnan(percent))
        return {};
    return {Code::InvalidArgument, "region-grow is not a number; valid is a percentage from 0 to 1000"};
}

Settings::Settings()
{
    choices_.kernel = findKernel("identity");
    if (choices_.kernel == nullptr)
        choices_.kernel = &builtInKernels().front();
    choices_.params = ParamValues(choices_.kernel->params);
}

SetResult Settings::refuse(std::string &memory, const std::string &why)
{
    if (!running_)
        memory = why;
    return {why, false};
}

bool Settings::keepNote(const std::string &text)
{
    const std::lock_guard lock(mutex_);
    if (running_)
        return false;
    constexpr std::size_t kMost = 32; // an application may set a property any number of times before it starts
    if (notes_.size() < kMost && std::find(notes_.begin(), notes_.end(), text) == notes_.end())
        notes_.push_back(text);
    return true;
}

std::vector<std::string> Settings::takeNotes()
{
    const std::lock_guard lock(mutex_);
    return std::exchange(notes_, {});
}

SetResult Settings::setKernel(std::string_view text)
{
    const auto [name, rest] = splitKernel(text);
    const KernelInfo *kernel = findKernel(name);

    const std::lock_guard lock(mutex_);
    if (kernel == nullptr)
        return refuse(badKernel_, unknownKernel(name).message());
    ParamValues values(kernel->params);
    const Applied own = applyText(values, rest);
    if (!own.status)
        return refuse(badKernel_, forKernel(*kernel, own.status.message()));

    SetResult result{own.notes, kernel != choices_.kernel};
    badKernel_.clear();
    kernelWasSet_ = true;
    if (deferredParams_.empty())
        badParams_.clear(); // it spoke of a child's property, which starts afresh
    if (!deferredParams_.empty()) {
        ParamValues trial = values;
        const Applied late = applyAll(trial, deferredParams_);
        if (late.status) {
            values = std::move(trial);
            deferredParams_.clear();
            badParams_.clear();
            result.warning += late.notes;
        } else {
            badParams_ = forKernel(*kernel, late.status.message());
            result.warning = badParams_;
        }
    }
    choices_.kernel = kernel;
    choices_.params = std::move(values);
    ++generation_;
    return result;
}

SetResult Settings::setParams(std::string_view text)
{
    const auto parts = splitParams(text);
    const std::lock_guard lock(mutex_);
    if (!parts) // no kernel will ever take it
        return refuse(badForm_, forKernel(*choices_.kernel, parts.status().message()));
    badForm_.clear();
    ParamValues trial = choices_.params;
    const Applied applied = applyAll(trial, parts.value());
    if (applied.status) {
        choices_.params = std::move(trial);
        deferredParams_.clear();
        badParams_.clear();
        ++generation_;
        return {applied.notes, false};
    }
    const SetResult refused = refuse(badParams_, forKernel(*choices_.kernel, applied.status.message()));
    if (running_)
        return refused;
    for (const NamedText &part : parts.value()) {
        if (const Status put = putParam(deferredParams_, part); !put)
            return refuse(badParams_, forKernel(*choices_.kernel, put.message()));
    }
    // Before any kernel was named, the text is most likely meant for the one that comes next.
    return kernelWasSet_ ? refused : SetResult{};
}

SetResult Settings::setRegions(std::string_view text)
{
    auto rects = parseRegions(text);
    const std::lock_guard lock(mutex_);
    if (!rects)
        return refuse(badRegions_, "region: " + rects.status().message());
    choices_.regions = std::move(rects.value());
    badRegions_.clear();
    ++generation_;
    return {};
}

SetResult Settings::setRegionSources(unsigned sources, const GFlagsClass &known)
{
    const std::lock_guard lock(mutex_);
    if (sources == 0 || (sources & ~known.mask) != 0)
        return refuse(badSources_, "regions-from=" + std::to_string(sources) +
                                       (sources == 0 ? " names no source" : " has bits that stand for no source") +
                                       "; valid are " + nicksOf(known) + ", several joined by '+'");
    if (const Status status = checkRegionSources(sources); !status)
        return refuse(badSources_, status.message());
    choices_.regionSources = sources;
    badSources_.clear();
    ++generation_;
    return {};
}

SetResult Settings::setRegionGrow(double percent)
{
    const std::lock_guard lock(mutex_);
    if (const Status status = checkRegionGrow(percent); !status)
        return refuse(badGrow_, status.message());
    choices_.regionGrow = percent;
    badGrow_.clear();
    ++generation_;
    return {};
}

SetResult Settings::setNvdsClasses(std::string_view text)
{
    auto classes = parseNvdsClasses(text);
    const std::lock_guard lock(mutex_);
    if (!classes)
        return refuse(badClasses_, "nvds-classes: " + classes.status().message());
    choices_.nvdsClasses = std::move(classes.value());
    badClasses_.clear();
    ++generation_;
    return {};
}

SetResult Settings::setParam(const KernelInfo &kernel, int index, double value)
{
    const std::lock_guard lock(mutex_);
    if (&kernel != choices_.kernel)
        return {"\"" + std::string(kernel.name) + "\" is not the element's kernel any more; \"" +
                    choices_.kernel->name + "\" is",
                false};
    const auto note = choices_.params.setNumber(index, value);
    if (!note)
        return refuse(badParams_, forKernel(kernel, note.status().message()));
    if (deferredParams_.empty())
        badParams_.clear();
    ++generation_;
    return {note.value().text, false};
}

// Params that waited for a kernel came before the file, and so does what they say.
SetResult Settings::takeKernel(const KernelInfo &kernel, const std::vector<NamedText> &params)
{
    SetResult result{{}, &kernel != choices_.kernel};
    ParamValues values(kernel.params);
    if (Applied late = applyAll(values, deferredParams_); late.status) {
        deferredParams_.clear();
        badParams_.clear();
        result.warning = late.notes;
    } else {
        values = ParamValues(kernel.params);
        badParams_ = forKernel(kernel, late.status.message());
        result.warning = badParams_;
    }
    (void)applyAll(values, params); // they were tried before
    badKernel_.clear();
    kernelWasSet_ = true;
    choices_.kernel = &kernel;
    choices_.params = std::move(values);
    return result;
}

void Settings::takeRest(const Update &update)
{
    const auto take = [](const auto &from, auto &into, std::string *refused = nullptr) {
        if (!from)
            return;
        into = *from;
        if (refused != nullptr)
            refused->clear();
    };
    take(update.regions, choices_.regions, &badRegions_);
    take(update.regionSources, choices_.regionSources, &badSources_);
    take(update.regionGrow, choices_.regionGrow, &badGrow_);
    take(update.nvdsClasses, choices_.nvdsClasses, &badClasses_);
    take(update.device, choices_.device);
    take(update.deviceId, choices_.deviceId);
    take(update.zeroCopy, choices_.zeroCopy);
    take(update.onShared, choices_.onShared);
    take(update.uniqueId, choices_.uniqueId);
}

SetResult Settings::applyConfig(const std::string &path, const Update &update)
{
    const std::lock_guard lock(mutex_);
    configPath_ = path;
    configPostponed_ = false;
    badConfig_.clear();
    SetResult result;
    if (update.kernel != nullptr)
        result = takeKernel(*update.kernel, update.params);
    takeRest(update);
    ++generation_;
    return result;
}

SetResult Settings::refuseConfig(const std::string &path, const std::string &why)
{
    const std::lock_guard lock(mutex_);
    configPath_ = path;
    configPostponed_ = false;
    return refuse(badConfig_, why);
}

bool Settings::postponeConfig(const std::string &path)
{
    const std::lock_guard lock(mutex_);
    if (!running_)
        return false;
    configPath_ = path;
    configPostponed_ = true;
    return true;
}

std::optional<std::string> Settings::takePostponedConfig()
{
    const std::lock_guard lock(mutex_);
    if (running_ || !std::exchange(configPostponed_, false))
        return std::nullopt;
    return configPath_;
}

std::string Settings::configPath() const
{
    const std::lock_guard lock(mutex_);
    return configPath_;
}

std::string Settings::kernelName() const
{
    const std::lock_guard lock(mutex_);
    return choices_.kernel->name;
}

std::string Settings::paramsText() const
{
    const std::lock_guard lock(mutex_);
    return choices_.params.toString();
}

std::string Settings::regionsText() const
{
    const std::lock_guard lock(mutex_);
    return regionsToString(choices_.regions);
}

std::string Settings::nvdsClassesText() const
{
    const std::lock_guard lock(mutex_);
    return nvdsClassesToString(choices_.nvdsClasses);
}

double Settings::param(const KernelInfo &kernel, int index) const
{
    const std::lock_guard lock(mutex_);
    const auto i = static_cast<std::size_t>(index);
    return &kernel == choices_.kernel ? choices_.params.values()[i] : kernel.params[i].fallback;
}

Status Settings::checkForStart() const
{
    const std::lock_guard lock(mutex_);
    for (const std::string *bad :
         {&badKernel_, &badForm_, &badParams_, &badRegions_, &badSources_, &badGrow_, &badClasses_, &badConfig_}) {
        if (!bad->empty())
            return {Code::InvalidArgument, *bad};
    }
    return {};
}

void Settings::setRunning(bool running)
{
    const std::lock_guard lock(mutex_);
    running_ = running;
}

bool Settings::refresh(Choices &into, std::uint64_t &seen) const
{
    if (generation_.load(std::memory_order_acquire) == seen)
        return false;
    const std::lock_guard lock(mutex_);
    into = choices_;
    seen = generation_;
    return true;
}

} // namespace zc::gst
