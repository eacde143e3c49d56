// SPDX-License-Identifier: MIT
// The C locale for one thread and one scope. Compilers in libraries read "0.5" with strtod(), which in a German locale
// stops at the point; setlocale() would change the whole application instead.
#pragma once

#include <locale.h>

namespace zc {

class ScopedCLocale {
public:
    ScopedCLocale() : own_(newlocale(LC_ALL_MASK, "C", locale_t{}))
    {
        if (own_ != locale_t{})
            before_ = uselocale(own_);
    }
    ~ScopedCLocale()
    {
        if (own_ == locale_t{})
            return;
        uselocale(before_);
        freelocale(own_);
    }
    ScopedCLocale(const ScopedCLocale &) = delete;
    ScopedCLocale &operator=(const ScopedCLocale &) = delete;

private:
    locale_t own_;
    locale_t before_{};
};

} // namespace zc
