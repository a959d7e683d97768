"""The PyTorch twin of `robustify profile` on a CUDA device: the same works, batches and precision.

Usage: torch_device.py WORK BATCH SECONDS. Prints one JSON object: milliseconds of a run in eager mode and under torch.compile (null where
that fails), the card and the versions. Models are timm's where it is installed, else torchvision's.
"""
import json
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

WORK, BATCH, SECONDS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
DEVICE, TOKENS, WIDTH, HEADS = "cuda", 197, 768, 12
torch.manual_seed(1)


def randn(*shape, dtype=torch.bfloat16, **options):
    return torch.randn(*shape, device=DEVICE, dtype=dtype, **options)


def create_model(name):
    try:
        import timm
        return timm.create_model(name, pretrained=False)
    except ImportError:
        import torchvision
        names = {"vit_base_patch16_224": "vit_b_16", "vit_large_patch16_224": "vit_l_16"}
        return torchvision.models.get_model(names.get(name, name))


def model_work(name, training):
    """A step of a model: autocast to bfloat16, channels last for convolutions, AdamW in its fused form."""
    model = create_model(name).to(DEVICE).train(training)
    images = randn(BATCH, 3, 224, 224, dtype=torch.float32)
    if name.startswith("resnet"):
        model, images = model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    labels = torch.zeros(BATCH, dtype=torch.long, device=DEVICE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True) if training else None

    def make(transform):
        call = transform(model)

        def step():
            if not training:
                with torch.no_grad(), torch.autocast(DEVICE, torch.bfloat16):
                    call(images)
                return
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(DEVICE, torch.bfloat16):
                loss = F.cross_entropy(call(images), labels)
            loss.backward()
            optimizer.step()

        return step

    return make


def backward_work(function, inputs, dy):
    """Only the backward pass of a function, its graph kept."""
    def make(transform):
        y = transform(function)(*inputs)
        return lambda: torch.autograd.grad(y, inputs, dy, retain_graph=True)
    return make


def forward_work(function, *inputs):
    def make(transform):
        call = transform(function)

        def run():
            with torch.no_grad():
                call(*inputs)

        return run
    return make


def operation_work(name):
    if name == "matmul":
        return forward_work(F.linear, randn(BATCH * TOKENS, WIDTH), randn(4 * WIDTH, WIDTH) * 0.02)
    if name.startswith("attention"):
        q, k, v = (randn(BATCH, HEADS, TOKENS, WIDTH // HEADS, requires_grad=True) for _ in range(3))
        if name.endswith("forward"):
            return forward_work(F.scaled_dot_product_attention, q, k, v)
        return backward_work(F.scaled_dot_product_attention, (q, k, v), randn(BATCH, HEADS, TOKENS, WIDTH // HEADS))
    if name.startswith("layernorm"):
        x = randn(BATCH * TOKENS, WIDTH, requires_grad=True)
        gamma, beta = (randn(WIDTH, requires_grad=True) for _ in range(2))
        norm = lambda x, gamma, beta: F.layer_norm(x, (WIDTH,), gamma, beta, 1e-6)
        return forward_work(norm, x, gamma, beta) if name.endswith("forward") else backward_work(norm, (x, gamma, beta), randn(BATCH * TOKENS, WIDTH))
    if name.startswith("convolution"):
        x = randn(BATCH, 128, 28, 28).to(memory_format=torch.channels_last).requires_grad_()
        weight = (randn(128, 128, 3, 3) * 0.03).to(memory_format=torch.channels_last).requires_grad_()
        convolve = lambda x, weight: F.conv2d(x, weight, padding=1)
        return forward_work(convolve, x, weight) if name.endswith("forward") else backward_work(
            convolve, (x, weight), randn(BATCH, 128, 28, 28).to(memory_format=torch.channels_last))
    if name == "adamw":
        parameter = nn.Parameter(randn(max(1, 86567656 * min(BATCH, 256) // 256), dtype=torch.float32))
        parameter.grad = torch.randn_like(parameter)
        optimizer = torch.optim.AdamW([parameter], lr=1e-4, weight_decay=0.05, fused=True)
        return lambda transform: optimizer.step
    raise SystemExit(f"{name}: no such work")


def milliseconds(run):
    """Median over groups of runs between two events; the first runs warm up and compile."""
    for _ in range(3):
        run()
    torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    torch.cuda.synchronize()
    group = max(1, min(1000, int(0.005 / (time.perf_counter() - start))))
    times, begin = [], time.perf_counter()
    while time.perf_counter() - begin < SECONDS or len(times) < 5:
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        for _ in range(group):
            run()
        last.record()
        torch.cuda.synchronize()
        times.append(first.elapsed_time(last) / group)
    return statistics.median(times)


torch.backends.cudnn.benchmark = True
kind = WORK.rsplit(".", 1)
is_model = len(kind) == 2 and kind[0] not in ("attention", "layernorm", "convolution")
make = model_work(kind[0], kind[1] == "train") if is_model else operation_work(WORK)
eager, compiled = milliseconds(make(lambda call: call)), None
try:
    compiled = milliseconds(make(torch.compile))
except Exception as failure:  # The compiler may lack a part on this machine; the eager number stands alone then.
    print(f"{WORK}: torch.compile failed: {failure}", file=sys.stderr)
print(json.dumps({
    "work": WORK, "batch": BATCH, "eager_milliseconds": eager, "compiled_milliseconds": compiled,
    "card": torch.cuda.get_device_name(), "torch": torch.__version__, "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(),
}))
