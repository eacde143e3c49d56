// SPDX-License-Identifier: MIT
// What the element's properties hold, set from any thread and copied once per frame by the streaming thread.
#pragma once

#include "caps.hpp"
#include "core/region.hpp"
#include "nvds_meta.hpp"
#include "runtime/kernel.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace zc::gst {

enum class ZeroCopy { Preferred, Required };
enum class OnShared { Copy, Error, Passthrough, Write };
enum RegionSource : unsigned { kFromProperty = 1, kFromRoiMeta = 2, kFromAnalyticsMeta = 4, kFromNvdsMeta = 8 };

// One consistent set of everything that may change while playing.
struct Choices {
    const KernelInfo *kernel = nullptr;
    ParamValues params;
    std::vector<Rect> regions; // empty: the whole frame
    unsigned regionSources = kFromProperty;
    double regionGrow = 0;              // percent
    std::vector<NvdsClass> nvdsClasses; // empty: every object
    Device device = Device::Auto;
    int deviceId = -1;
    ZeroCopy zeroCopy = ZeroCopy::Preferred;
    OnShared onShared = OnShared::Copy;
    guint uniqueId = 0; // DeepStream's name for the element; nothing here depends on it
};

// Several settings at once, each of them already checked; those that are not named stay.
struct Update {
    const KernelInfo *kernel = nullptr;
    std::vector<NamedText> params; // of that kernel; those not named go to their defaults
    std::optional<std::vector<Rect>> regions;
    std::optional<unsigned> regionSources;
    std::optional<double> regionGrow;
    std::optional<std::vector<NvdsClass>> nvdsClasses;
    std::optional<Device> device;
    std::optional<int> deviceId;
    std::optional<ZeroCopy> zeroCopy;
    std::optional<OnShared> onShared;
    std::optional<guint> uniqueId;
};

// Whether this build can read the sources, and whether the number is one.
Status checkRegionSources(unsigned sources);
Status checkRegionGrow(double percent);

// What a setter wants the user to know; both may be empty.
struct SetResult {
    std::string warning;
    bool kernelChanged = false;
};

// No call waits for anything but the copy of a few values.
class Settings {
public:
    Settings();

    // "pixelate" or "pixelate,block=24". Parameters go to their defaults first. A text that does not fit is refused
    // whole, and, while stopped, remembered for checkForStart().
    SetResult setKernel(std::string_view text);
    // While stopped, what does not fit the kernel of the moment is tried again on the next kernel, with what came
    // before it and did not fit either.
    SetResult setParams(std::string_view text);
    SetResult setRegions(std::string_view text);
    // A set of RegionSource, whose names `known` has. The empty set is refused, and one that this build cannot read.
    SetResult setRegionSources(unsigned sources, const GFlagsClass &known);
    SetResult setRegionGrow(double percent);
    SetResult setNvdsClasses(std::string_view text);
    SetResult setParam(const KernelInfo &kernel, int index, double value);

    // What a configuration file says, all of it in one step; and that a file was refused. Both keep its path.
    SetResult applyConfig(const std::string &path, const Update &update);
    SetResult refuseConfig(const std::string &path, const std::string &why);
    // While running, keeps the path for the next start and returns true.
    bool postponeConfig(const std::string &path);
    std::optional<std::string> takePostponedConfig();
    std::string configPath() const;

    std::string kernelName() const;
    std::string paramsText() const;
    std::string regionsText() const;
    std::string nvdsClassesText() const;
    double param(const KernelInfo &kernel, int index) const; // its default if the kernel is another one by now

    template <class T> void set(T Choices::*member, T value)
    {
        const std::lock_guard lock(mutex_);
        choices_.*member = value;
        ++generation_;
    }
    // Of what the element asks for at start only: refused while it runs.
    template <class T> SetResult setStopped(T Choices::*member, const char *property, T value)
    {
        const std::lock_guard lock(mutex_);
        if (running_ && choices_.*member != value)
            return {std::string(property) +
                        " cannot change while the element runs and stays as it is; set the element's "
                        "state to READY before",
                    false};
        choices_.*member = value;
        ++generation_;
        return {};
    }
    template <class T> T get(T Choices::*member) const
    {
        const std::lock_guard lock(mutex_);
        return choices_.*member;
    }

    // Whether a shared frame may be copied, as things stand.
    bool mayCopy() const
    {
        return get(&Choices::onShared) == OnShared::Copy && get(&Choices::zeroCopy) != ZeroCopy::Required;
    }

    // The first thing that was refused and never replaced by something good.
    Status checkForStart() const;
    void setRunning(bool running); // true before what is fixed from then on is read

    // While stopped, remembers a warning for start(), since nobody may listen yet; returns whether it did.
    bool keepNote(const std::string &text);
    std::vector<std::string> takeNotes();

    // Copies everything if it changed since `seen`, and says whether it did. Allocates only when sizes grow.
    bool refresh(Choices &into, std::uint64_t &seen) const;

private:
    SetResult refuse(std::string &memory, const std::string &why);
    SetResult takeKernel(const KernelInfo &kernel, const std::vector<NamedText> &params);
    void takeRest(const Update &update);

    mutable std::mutex mutex_;
    std::atomic<std::uint64_t> generation_{1};
    Choices choices_;
    bool running_ = false;
    bool kernelWasSet_ = false;
    std::vector<NamedText> deferredParams_; // did not fit yet; cleared by a kernel that they fit
    // Sentences for checkForStart(); badForm_ is of params that no kernel can take.
    std::string badKernel_, badForm_, badParams_, badRegions_, badSources_, badGrow_, badClasses_, badConfig_;
    std::string configPath_;
    bool configPostponed_ = false;   // the path is still to be read
    std::vector<std::string> notes_; // warnings for start()
};

} // namespace zc::gst
