// cuBLASLt's descriptors. Numbers of attributes and epilogues are those of cublasLt.h.
#pragma once
#include "matrix.h"

enum Epilogue { EpilogueDefault = 1, EpilogueRelu = 2, EpilogueBias = 4, EpilogueGelu = 32, EpilogueAux = 128, EpilogueBiasGradA = 256,
                EpilogueBiasGradB = 512 };
enum ComputeType { Compute32F = 68, Compute32FFast16F = 74, Compute32FFast16BF = 75, Compute32FFastTF32 = 77 };

struct LtDescriptor {
    int compute, scale_type, pointer_mode = 0, transpose_a = 0, transpose_b = 0, epilogue = EpilogueDefault, bias_type = -1;
    void* bias = nullptr;
    void* aux = nullptr;
    int64_t aux_leading = 0;
};
struct LtLayout {
    int type;
    uint64_t rows, columns;
    int64_t leading, stride = 0;
    int order = 0, batch = 1;       // order 0: columns contiguous, 1: rows
};
struct LtPreference { uint64_t workspace = 0; };
/// cublasLtMatmulHeuristicResult_t: the algorithm's 64 bytes, workspace, status, waves, reserved.
struct LtHeuristic { uint64_t algorithm[8]; size_t workspace; int status; float waves; int reserved[4]; };
