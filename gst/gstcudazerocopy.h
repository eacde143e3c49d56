// SPDX-License-Identifier: MIT
// The GObject type of the element.
#pragma once

#include <gst/base/gstbasetransform.h>
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_CUDA_ZERO_COPY (gst_cuda_zero_copy_get_type())
G_DECLARE_FINAL_TYPE(GstCudaZeroCopy, gst_cuda_zero_copy, GST, CUDA_ZERO_COPY, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(cudazerocopy)

G_END_DECLS
