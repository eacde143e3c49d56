// SPDX-License-Identifier: MIT
// A thread that does one thing again and again while a test does another.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace zc::test {

class Repeater {
public:
    explicit Repeater(std::function<void()> once) : thread_([this, once = std::move(once)] { run(once); }) {}
    Repeater(const Repeater &) = delete;
    Repeater &operator=(const Repeater &) = delete;
    ~Repeater() { stop(); }

    // A busy machine may let the thread wait for long: tests go on until it has had its say.
    bool busy() const { return turns_ >= kEnough; }
    void stop()
    {
        stopped_ = true;
        if (thread_.joinable())
            thread_.join();
    }

private:
    static constexpr int kEnough = 10;

    void run(const std::function<void()> &once)
    {
        while (!stopped_) {
            once();
            ++turns_;
            std::this_thread::yield();
        }
    }

    std::atomic<bool> stopped_{false};
    std::atomic<int> turns_{0};
    std::thread thread_; // last: it uses the others
};

} // namespace zc::test
