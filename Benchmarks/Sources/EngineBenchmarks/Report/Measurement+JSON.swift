import Foundation

extension Measurement {
    private struct Line: Encodable {
        struct Peer: Encodable {
            let name: String
            let millionsPerSecond: Double
            let ratio: Double
            /// False for a documented figure of another machine.
            let measuredInThisRun: Bool
        }

        let shape: String
        let batch: Int
        let millionsPerSecond: Double
        let peers: [Peer]
        let atLeast: Double?
        let aim: Double?
    }

    /// One object on one line.
    func json() throws -> String {
        var lines = peers.map { peer(Rate(name: $0.name, millions: $0.millions), measured: true) }
        if let reference = shape.reference {
            lines.append(peer(Rate(name: "GenStage", millions: reference.millions), measured: false))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = Line(
            shape: shape.name,
            batch: batch,
            millionsPerSecond: sluice,
            peers: lines,
            atLeast: shape.floor,
            aim: shape.reference?.aim
        )
        return String(decoding: try encoder.encode(line), as: UTF8.self)
    }

    private func peer(_ rate: Rate, measured: Bool) -> Line.Peer {
        Line.Peer(
            name: rate.name,
            millionsPerSecond: rate.millions,
            ratio: sluice / rate.millions,
            measuredInThisRun: measured
        )
    }
}
