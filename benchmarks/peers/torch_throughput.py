"""The PyTorch twin of Throughput: the same models, batches and steps. Prints one line a case: name, batch, images a second."""
import statistics
import sys
import time

import torch
import torchvision
from torch import nn

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 3.0


class Block(nn.Module):
    def __init__(self, width, heads, mlp):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, mlp), nn.GELU(), nn.Linear(mlp, width))

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * (d // self.heads) ** -0.5
        x = x + self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, d))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self, image, patch, channels, width, depth, heads, mlp, classes):
        super().__init__()
        self.embed = nn.Conv2d(channels, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, (image // patch) ** 2 + 1, width) * 0.02)
        self.blocks = nn.Sequential(*[Block(width, heads, mlp) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, classes)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.positions
        return self.head(self.norm(self.blocks(x)[:, 0]))


class SmallResNet(nn.Module):
    def __init__(self):
        super().__init__()
        basic = torchvision.models.resnet.BasicBlock
        down = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 1, 2, bias=False), nn.BatchNorm2d(o))
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), basic(16, 16),
            basic(16, 32, 2, down(16, 32)), basic(32, 64, 2, down(32, 64)), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))

    def forward(self, x):
        return self.body(x)


CASES = [
    ("vit_fashion.train", lambda: ViT(28, 4, 1, 128, 6, 4, 512, 10), 64, (1, 28, 10), True),
    ("vit_fashion.forward", lambda: ViT(28, 4, 1, 128, 6, 4, 512, 10), 64, (1, 28, 10), False),
    ("resnet_fashion.train", SmallResNet, 192, (1, 28, 10), True),
    ("resnet_fashion.forward", SmallResNet, 192, (1, 28, 10), False),
    ("vit_tiny_patch16_224.train", lambda: ViT(224, 16, 3, 192, 12, 3, 768, 1000), 8, (3, 224, 1000), True),
    ("resnet18.train", torchvision.models.resnet18, 8, (3, 224, 1000), True),
    ("convnext_tiny.train", lambda: torchvision.models.convnext_tiny(stochastic_depth_prob=0), 4, (3, 224, 1000), True),
    ("convnext_tiny.forward", lambda: torchvision.models.convnext_tiny(stochastic_depth_prob=0), 4, (3, 224, 1000), False),
]

for name, create, batch, (channels, side, classes), training in CASES:
    if len(sys.argv) > 3 and not name.startswith(sys.argv[3]):
        continue
    model = create().train(training)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    images, labels = torch.randn(batch, channels, side, side), torch.zeros(batch, dtype=torch.long)

    def step():
        if not training:
            with torch.no_grad():
                model(images)
            return
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    step()
    step()
    times, begin = [], time.perf_counter()
    while time.perf_counter() - begin < SECONDS or len(times) < 3:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(f"{name} {batch} {batch / statistics.median(times):.1f}", flush=True)
