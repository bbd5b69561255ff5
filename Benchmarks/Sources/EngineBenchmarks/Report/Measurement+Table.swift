import Foundation

extension Measurement {
    static let heading = "shape                   batch    Sluice  peer             rate     ratio"

    static let footnote = """
        *     reference figure, not measured in this run: GenStage on a machine of this kind
        call  an actor for each stage, one awaited call for each batch: no two stages work at once
        on 1 thread: the first peer, on a thread of its own too
        cast  an unbounded AsyncStream between stages: nobody waits, and what is not taken yet is memory
        """

    /// One line for each peer, with its ratio: how many times as fast Sluice is.
    var rows: String {
        var rows = peers.enumerated().map { index, peer in
            line(peer.name, peer.millions, bound: index == 0 ? shape.floor : nil, "at least", missed: "BELOW")
        }
        if let reference = shape.reference {
            rows.append(line("GenStage *", reference.millions, bound: reference.aim, "aim", missed: "not reached"))
        }
        let head =
            shape.name.padding(toLength: 22, withPad: " ", startingAt: 0)
            + String(format: " %6d  %8.2f  ", batch, sluice)
        let margin = String(repeating: " ", count: head.count)
        return rows.enumerated().map { ($0 == 0 ? head : margin) + $1 }.joined(separator: "\n")
    }

    private func line(_ name: String, _ rate: Double, bound: Double?, _ word: String, missed: String) -> String {
        let ratio = sluice / rate
        var line =
            name.padding(toLength: 13, withPad: " ", startingAt: 0)
            + String(format: "%8.2f  %7.2fx", rate, ratio)
        if let bound {
            line += String(format: "  %@ %gx", word, bound)
            if ratio < bound { line += "  \(missed)" }
        }
        return line
    }
}
