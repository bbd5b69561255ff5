import Foundation

/// Three panels over one time axis.
struct Figure {
    private static let width = 760.0
    private static let gap = 34.0

    /// Colors that are seen on white and on black; the text follows the reader's setting.
    private static let style = """
        text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #3d444d; }
        .title { font-weight: 600; }
        .note, .tick { font-size: 12px; fill: #6e7781; }
        .tick { text-anchor: end; }
        .time { text-anchor: middle; }
        .grid { stroke: #8b949e; stroke-opacity: 0.25; }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .label { font-weight: 600; }
        .amount { font-weight: 400; }
        .demand { stroke: #1a9e77; } .call { stroke: #7570d3; } .cast { stroke: #d95f30; }
        .label.demand { fill: #158463; stroke: none; } .label.call { fill: #6560c9; stroke: none; }
        .label.cast { fill: #c8501f; stroke: none; }
        @media (prefers-color-scheme: dark) {
          text { fill: #d1d7e0; }
          .note, .tick { fill: #9198a1; }
          .label.demand { fill: #3cc79c; } .label.call { fill: #a5a1f0; } .label.cast { fill: #f08a5d; }
        }
        """

    let runs: [Run]

    var svg: String {
        let memory = runs.map(\.memory)
        let last = memory.flatMap(\.points).map(\.seconds).max() ?? 1
        let time = Scale(seconds: last, from: 170, to: Self.width - 165)
        let panels = [
            Panel(title: "Throughput", unit: "thousand events/s", series: runs.map(\.throughput)),
            Panel(title: "Cores in use", unit: "CPU time / time", series: runs.map(\.cores)),
            Panel(title: "Memory", unit: "MB resident", series: memory),
        ]
        var parts: [String] = []
        var top = 12.0
        for panel in panels {
            parts.append(panel.svg(time, top: top))
            top += Panel.height + Self.gap
        }
        let axis = top - Self.gap + 20
        for tick in time.ticks {
            let label = String(format: tick == time.ticks.last ? "%g s" : "%g", tick)
            parts.append(#"<text class="note time" x="\#(time.position(tick))" y="\#(axis)">\#(label)</text>"#)
        }
        let height = axis + 12
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.width) \(height)" \
            width="\(Self.width)" height="\(height)" role="img">
            <title>Throughput, cores in use and memory over time, with a call that waits, an unbounded cast, and \
            demand</title>
            <style>
            \(Self.style)
            </style>
            \(parts.joined(separator: "\n"))
            </svg>

            """
    }
}
