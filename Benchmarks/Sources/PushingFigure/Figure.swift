import Foundation

/// Three panels over one time axis.
struct Figure {
    private static let width = 760.0
    private static let gap = 34.0

    /// One set of colors that is read on white and on black: a page's background is not always the one that the reader's
    /// system prefers, which is all that a picture in a page could ask for.
    private static let style = """
        text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #737b86; }
        .title { font-weight: 600; }
        .note, .tick { font-size: 12px; }
        .tick { text-anchor: end; }
        .time { text-anchor: middle; }
        .grid { stroke: #8b949e; stroke-opacity: 0.25; }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .label { font-weight: 600; }
        .amount { font-weight: 400; }
        .line.demand { stroke: #16906c; } .label.demand { fill: #16906c; }
        .line.call { stroke: #7a76d9; } .label.call { fill: #7a76d9; }
        .line.cast { stroke: #d1571f; } .label.cast { fill: #d1571f; }
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
