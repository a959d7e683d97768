using Robustify.Cli;

using var interruption = new Interruption();
return CommandLine.Run(args, new Invocation(Console.Out, Console.Error, !Console.IsErrorRedirected, interruption.Token));
