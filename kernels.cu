// The one CUDA translation unit of Robustify: an index of its sections, in the order they are compiled.
//
// The product joins them into one text (with #line, so that errors name the section) and gives it to NVRTC; nothing of the toolkit's
// headers is included, by this file or by a section, and a section includes nothing. What a kernel is called says what it does:
// area_operation_dtype. Above each stand five facts: maths, layout, launch, determinism, CPU twin.
#include "src/Robustify.Kernels/Cuda/Sections/common.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/ptx.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/fragments.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/elementwise.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/activation.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/columns.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/layer_norm.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/batch_norm.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/softmax.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/losses.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/uncertainty.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/dropout.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/optimizer.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/attention_tiles.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/attention_forward.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/attention_backward.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/attention_exact.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/convolution_window.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/convolution.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/convolution_weight_gradient.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/convolution_exact.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/pool.cuh"
#include "src/Robustify.Kernels/Cuda/Sections/tokens.cuh"
