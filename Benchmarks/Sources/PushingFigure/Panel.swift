import Foundation

/// One figure of all ways, over time.
struct Panel {
    static let height = 112.0

    /// What the ways are called in the figure.
    private static let words = ["call": "waiting call", "cast": "unbounded cast"]

    let title: String
    let unit: String
    let series: [Series]

    /// The panel with its upper edge at `top`.
    func svg(_ time: Scale, top: Double) -> String {
        let peak = series.flatMap(\.points).map(\.value).max() ?? 1
        let value = Scale(upTo: peak, from: top + Self.height, to: top + 24)
        var parts = [
            #"<text class="title" x="8" y="\#(top + 8)">\#(title)</text>"#,
            #"<text class="note" x="8" y="\#(top + 25)">\#(unit)</text>"#,
        ]
        for tick in value.ticks {
            let y = round(value.position(tick)) + 0.5
            parts.append(#"<line class="grid" x1="\#(time.start)" x2="\#(time.end)" y1="\#(y)" y2="\#(y)"/>"#)
            parts.append(
                #"<text class="tick" x="\#(time.start - 8)" y="\#(y + 4)">\#(String(format: "%g", tick))</text>"#
            )
        }
        // The first way is drawn last: where lines meet, it is the one that is seen.
        for series in series.reversed() {
            let line = series.points.map { point in
                String(format: "%.1f,%.1f", time.position(point.seconds), value.position(point.value))
            }
            parts.append(#"<polyline class="line \#(series.name)" points="\#(line.joined(separator: " "))"/>"#)
        }
        parts += labels(value, x: time.end + 10)
        return parts.joined(separator: "\n")
    }

    /// Each at the end of its line, or as near to it as the others let it be.
    private func labels(_ value: Scale, x: Double) -> [String] {
        let ordered = series.sorted { ($0.points.last?.value ?? 0) > ($1.points.last?.value ?? 0) }
        var places = ordered.map { value.position($0.points.last?.value ?? 0) + 4 }
        let distance = 17.0
        for index in places.indices.dropFirst() { places[index] = max(places[index], places[index - 1] + distance) }
        let excess = (places.last ?? 0) - (value.start + 4)
        if excess > 0 {
            places[places.count - 1] -= excess
            for index in places.indices.dropLast().reversed() {
                places[index] = min(places[index], places[index + 1] - distance)
            }
        }
        return zip(ordered, places).map { series, y in
            let amount = String(format: series.summary < 10 ? "%.1f" : "%.0f", series.summary)
            return #"<text class="label \#(series.name)" x="\#(x)" y="\#(String(format: "%.1f", y))">"#
                + #"\#(Self.words[series.name] ?? series.name) <tspan class="amount">\#(amount)</tspan></text>"#
        }
    }
}

/// Turns values into places.
struct Scale {
    let start: Double
    let end: Double
    let ticks: [Double]
    private let most: Double

    /// From 0 to the next round number, with two to five steps.
    init(upTo peak: Double, from start: Double, to end: Double) {
        let magnitude = pow(10, floor(log10(peak)))
        let step = [0.2, 0.5, 1, 2, 5].map { $0 * magnitude }.first { peak / $0 <= 4 } ?? 5 * magnitude
        most = (peak / step).rounded(.up) * step
        ticks = Array(stride(from: 0, through: most + step / 2, by: step))
        self.start = start
        self.end = end
    }

    /// From 0 to exactly `last`, with a step of a second or more.
    init(seconds last: Double, from start: Double, to end: Double) {
        most = last
        ticks = Array(stride(from: 0, through: last, by: max(1, (last / 8).rounded(.up))))
        self.start = start
        self.end = end
    }

    func position(_ value: Double) -> Double { start + (end - start) * value / most }
}
