/* SPDX-License-Identifier: MIT */
/* What a test may ask of the stand-in driver. Programs that link with fake_cuda_dep get the stand-in as their
 * libcuda.so.1; any other program gets it through fake_cuda_env (LD_LIBRARY_PATH), and is told by environment:
 *
 *   FAKE_CUDA_FAIL     rules, separated by commas: "cuMemAlloc_v2:3=2" the third call of it answers error 2,
 *                      "cuInit=100" every call, "#17=700" the 17th call of any function. Errors that break a context
 *                      on a real GPU (700 and its like) do so here: every later call that needs the GPU answers them.
 *   FAKE_CUDA_CHECK=1  at exit, what is still alive and what was misused goes to stderr; then the status is 86
 *   FAKE_CUDA_TRACE=1  every call goes to stderr
 *   FAKE_CUDA_DEVICES=2  FAKE_CUDA_DRIVER=12040  FAKE_CUDA_COMPUTE=75   instead of 1, 13000 and 90
 *   CUDA_VISIBLE_DEVICES is obeyed.
 *
 * Device memory is memory of the process at the address that the driver calls give, so a test may read and write it.
 * A kernel does no arithmetic. Its launch is checked; zc_copy_* copies, zc_rows_* inverts every bit of the bytes that
 * it was given, zc_pass_* and zc_swap_* change nothing. Every function here is thread-safe and can be called at any
 * time. */
#ifndef ZC_TESTS_FAKE_CUDA_H
#define ZC_TESTS_FAKE_CUDA_H

#ifdef __cplusplus
extern "C" {
#endif

/* The n-th call of `function` from now on (0: each one) answers `error`. A null function counts the calls of all. */
void zc_fake_fail(const char *function, unsigned long n, int error);
/* Takes rules as FAKE_CUDA_FAIL does. Returns 0, or -1 if the text is not understood. */
int zc_fake_fail_rules(const char *rules);
/* How often zc_fake_fail's and the environment's rules have struck. */
unsigned long zc_fake_failures(void);

/* The GPU is gone: from now on every call that needs it answers `error`. 0 brings it back. */
void zc_fake_lose(int error);
/* The next n cuEventQuery and cuStreamQuery answer that work is not ready. */
void zc_fake_not_ready(unsigned long n);

/* Until it is taken back (0), calls of this thread are not counted and no rule strikes them: for stand-ins of other
 * libraries that use the driver, too. */
void zc_fake_quiet(int on);

/* From now on the GPU sees each registration of host memory at an address far from its neighbours'. */
void zc_fake_scatter(void);

/* How many calls there were since the start or the last reset, of one function by its exported name, or of all but
 * cuGetErrorName and cuGetErrorString. */
unsigned long zc_fake_calls(const char *function);
unsigned long zc_fake_calls_total(void);
/* The name of the i-th call (from 1) of all; null if there were fewer. */
const char *zc_fake_call_name(unsigned long i);

/* How many things are alive: "context", "primary" (retained, counted once each), "stream", "event", "memory" (device),
 * "managed", "registration" and "pinned" (host), "array", "surface", "texture", "module", "resource" (a registered
 * EGLImage), or all of them (null). What a failed
 * release left behind does not count. */
unsigned long zc_fake_live(const char *kind);
/* One line each of what is alive; the text stays valid until the calling thread asks again. */
const char *zc_fake_live_text(void);

/* Everything that a program may not do, one line each, "" if nothing. Valid until the calling thread asks again. */
const char *zc_fake_misuse(void);
/* How many contexts the calling thread has pushed. */
unsigned long zc_fake_stack_depth(void);

/* Launches so far whose function's name begins with the text (null: all). */
unsigned long zc_fake_launches(const char *prefix);
/* The name of the i-th launch's function (from 1), or null. */
const char *zc_fake_launch_name(unsigned long i);
/* Bytes that copies moved since the reset: "htod", "dtoh", "dtod", "htoh". Kernels do not count. */
unsigned long long zc_fake_copied(const char *direction);

/* The machine. Counts take effect at the next cuDeviceGetCount; attributes are CU_DEVICE_ATTRIBUTE_* values. */
void zc_fake_set_devices(int count);
void zc_fake_set_driver_version(int version);
void zc_fake_set_attribute(int device, int attribute, int value);
void zc_fake_set_name(int device, const char *name);

/* Forgets rules, counts, misuse and the loss of the GPU, and sets the machine up as at the start. What is alive stays
 * alive. */
void zc_fake_reset(void);

#ifdef __cplusplus
}
#endif

#endif
