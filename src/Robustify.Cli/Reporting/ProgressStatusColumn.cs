using Spectre.Console;
using Spectre.Console.Rendering;

namespace Robustify.Cli.Reporting;

/// <summary>The words beside the bar.</summary>
internal sealed class ProgressStatusColumn(ProgressStatus status) : ProgressColumn
{
    // Broken into two lines, the bar would jump.
    protected override bool NoWrap => true;

    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(status.ToString());
}
