extension ProgressSample {
    /// The live line of a terminal.
    var line: String {
        let spooled = spooledBytes > 0 ? "  spooled \(Self.size(spooledBytes))" : ""
        let copy = backfill.flatMap { copy in
            copy.table.map { "  copying \($0): \(Self.grouped(copy.rows)) rows, \(copy.done) of \(copy.tables) tables" }
        }
        let lag = lagBytes.map { "  lag \(Self.size($0))" } ?? ""
        let latency = latencyMs.map { "  durable after \(Self.time($0.p50))" } ?? ""
        return
            "\(Self.grouped(changes)) changes  \(Self.grouped(Int(changesPerSecond)))/s  demand \(Self.grouped(demand))"
            + "  in flight \(Self.size(bytesInFlight)) of \(Self.size(capacity))\(spooled)  \(state.rawValue)\(lag)\(latency)\(copy ?? "")"
            + (sinks ?? []).map { "  \(Self.part(of: $0))" }.joined()
    }

    /// Of a sink behind a log.
    private static func part(of branch: BranchSample) -> String {
        let behind = branch.behindBytes > 0 ? ", \(size(branch.behindBytes)) behind" : ""
        return "[\(branch.sink.suffix(24)): \(branch.state.rawValue)\(behind)]"
    }

    private static func size(_ bytes: Int) -> String {
        if bytes < 1 << 10 { return "\(bytes) B" }
        var value = Double(bytes)
        var unit = 0
        while value >= 1024, unit < 4 {
            value /= 1024
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(["B", "KB", "MB", "GB", "TB"][unit])"
    }

    private static func time(_ milliseconds: Double) -> String {
        let tenths = Int(clamping: Int64(min(milliseconds, 1e15) * 10))
        return milliseconds < 10_000 ? "\(tenths / 10).\(tenths % 10) ms" : "\(tenths / 10_000) s"
    }

    private static func grouped(_ number: Int) -> String {
        var digits = String(number)
        var end = digits.endIndex
        while let position = digits.index(end, offsetBy: -3, limitedBy: digits.startIndex),
            position > digits.startIndex
        {
            digits.insert(",", at: position)
            end = position
        }
        return digits
    }
}
