/* SPDX-License-Identifier: MIT */
/* EGLImages for the stand-in drivers: a test (or the stand-in libnvbufsurface) describes memory, and gets a handle that
 * cuGraphicsEGLRegisterImage of the same driver takes. The handle is no address. Both drivers of tests/support export
 * these; every function is thread-safe. */
#ifndef ZC_TESTS_EGL_IMAGE_H
#define ZC_TESTS_EGL_IMAGE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct zc_fake_egl_plane {
    void *data;   /* memory of the process; it must live until the image is destroyed and nobody has it registered */
    size_t pitch; /* bytes from row to row */
    unsigned width, height;           /* texels of a row, rows */
    unsigned channels, channel_bytes; /* of a texel: NV12's chroma has 2 of 1 */
};

struct zc_fake_egl_image {
    int is_array;          /* what the driver makes of it: arrays (block-linear), or pointers */
    unsigned planes;       /* 1 to 3 */
    unsigned color_format; /* CU_EGL_COLOR_FORMAT_*, handed on as it is */
    struct zc_fake_egl_plane plane[3];
};

/* Null if the description makes no sense. Not a driver call: nothing counts it, no rule strikes it. */
void *zc_fake_egl_image_create(const struct zc_fake_egl_image *description);
/* What is registered stays usable. */
void zc_fake_egl_image_destroy(void *image);
/* How many registrations of it are alive, also after its destruction. */
unsigned long zc_fake_egl_image_users(void *image);

#ifdef __cplusplus
}
#endif

#endif
