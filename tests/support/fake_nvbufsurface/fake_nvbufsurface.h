/* SPDX-License-Identifier: MIT */
/* What a test may ask of the stand-in for libnvbufsurface.so. It is built once per ABI, each in a folder of its own; a
 * program links one of fake_nvbuf_deps and has no other. It keeps the contract of NVIDIA's header: a call that the
 * header does not allow fails, and what no program may do is written down as misuse.
 *
 *   FAKE_NVBUF_FAIL      rules, separated by commas: "NvBufSurfaceMapEglImage:2" the second call of it fails,
 *                        "NvBufSurfaceMap" every call, "#5" the 5th call of any function
 *   FAKE_NVBUF_CHECK=1   at exit, what is alive and what was misused goes to stderr; then the status is 86
 *   FAKE_NVBUF_TRACE=1   every call goes to stderr
 *   FAKE_NVBUF_PLATFORM  as zc_nvbuf_set_platform()
 *
 * Memory is real. That of CUDA comes from the stand-in driver of ../fake_cuda if it can be opened (its checks know it
 * then), else it is memory of the process. A surface array is a memfd; the CPU sees it only through NvBufSurfaceMap, in
 * pages of its own as behind a cache that nobody keeps coherent: NvBufSurfaceSyncForCpu brings the picture there,
 * NvBufSurfaceSyncForDevice brings it back, and plane -1 syncs the first plane only, as some Jetson Linux does. What
 * the CPU sees of a block-linear surface is not the picture. dataPtr of a surface array is an address that traps.
 *
 * Functions are thread-safe, except that two calls for one surface at once are the caller's error. */
#ifndef ZC_TESTS_FAKE_NVBUFSURFACE_H
#define ZC_TESTS_FAKE_NVBUFSURFACE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 64 or 72: the size of the struct, of the library that is loaded. */
int zc_nvbuf_abi(void);

/* "nvgpu" (at first): a Jetson up to Orin. Surface arrays with EGLImages; NvBufSurfaceMapCudaBuffer fails.
 * "dgpu": CUDA memory and system memory only, EGLImages and CUDA buffers refused.
 * "rm": a Jetson Thor. Surface arrays have no EGLImage and want NvBufSurfaceMapCudaBuffer; CUDA memory has a null
 * dataPtr and is found in cudaBuffer (new ABI). Returns -1 for anything else. */
int zc_nvbuf_set_platform(const char *name);

/* The n-th call of `function` from now on (0: each one) fails. A null function counts the calls of all. A release that
 * fails still forgets the thing, since nobody can give it back any more. */
void zc_nvbuf_fail(const char *function, unsigned long n);
/* How often rules have struck. */
unsigned long zc_nvbuf_failures(void);
/* Until it is taken back (0), calls of this thread are not counted and no rule strikes them: for who makes surfaces. */
void zc_nvbuf_quiet(int on);

/* Calls so far of one function, or of all. */
unsigned long zc_nvbuf_calls(const char *function);
unsigned long zc_nvbuf_calls_total(void);
/* The name of the i-th call (from 1); null if there were fewer. */
const char *zc_nvbuf_call_name(unsigned long i);

/* How many are alive: "surface" (a batch counts once), "map" (each plane), "eglimage", "cudabuffer", "fd", or all. */
unsigned long zc_nvbuf_live(const char *kind);
/* One line each; valid until the calling thread asks again, as the text of misuse. */
const char *zc_nvbuf_live_text(void);
const char *zc_nvbuf_misuse(void);

/* For who hands a surface on: is everything that the CPU wrote back where the device sees it? If not, that is misuse
 * and the answer is -1. NvBufSurfaceUnMap asks this itself. */
int zc_nvbuf_check_synced(void *surface);

/* The picture itself, as the device sees it; null for what does not exist. Of a block-linear surface, rows. */
unsigned char *zc_nvbuf_plane(void *surface, unsigned index, unsigned plane, size_t *pitch);

/* EGLImages made elsewhere (out of GL textures, on a real GPU) instead of those of the stand-in driver. `make` answers
 * null on failure. */
void zc_nvbuf_set_egl(void *(*make)(void *surface, unsigned index, void *data),
                      void (*destroy)(void *image, void *data), void *data);

/* Whether surfaces say that their content is protected (new surfaces only). */
void zc_nvbuf_set_protected(int on);

/* Forgets rules, counts, misuse, platform and EGL functions. What is alive stays alive. */
void zc_nvbuf_reset(void);

#ifdef __cplusplus
}
#endif

#endif
