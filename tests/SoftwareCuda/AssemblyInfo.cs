// There is one device a process, and its kernels use every core.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
