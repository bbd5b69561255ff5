import SluiceTesting
import Testing

@testable import SluicePostgres

@Suite("The safe position")
struct SafePositionTests {
    private enum Step {
        case begin(UInt64)
        case commit(UInt64, UInt64?)
        case keepalive(UInt64)
        case acknowledge(UInt64)
    }

    private func positions(_ steps: [Step], from start: UInt64 = 0) -> [UInt64] {
        var tracker = SafePosition(startingAt: LSN(rawValue: start))
        var result: [UInt64] = []
        for step in steps {
            switch step {
            case .begin(let lsn): tracker.record(.began(commitLSN: LSN(rawValue: lsn), commitTime: nil))
            case .commit(let end, let last): tracker.record(.committed(endLSN: LSN(rawValue: end), sequence: last))
            case .keepalive(let end): tracker.record(.keepalive(walEnd: LSN(rawValue: end)))
            case .acknowledge(let sequence): tracker.acknowledge(through: sequence)
            }
            result.append(tracker.position.rawValue)
        }
        return result
    }

    @Test("an acknowledged transaction moves it to the end")
    func one() {
        #expect(positions([.begin(10), .commit(15, 1), .acknowledge(0), .acknowledge(1)]) == [10, 10, 10, 15])
    }

    @Test("idle, it follows keepalives; with something in flight, never")
    func keepalives() {
        #expect(positions([.keepalive(5), .begin(10), .keepalive(12), .commit(15, 0)]) == [5, 10, 10, 10])
        #expect(
            positions([.begin(10), .commit(15, 0), .keepalive(40), .acknowledge(0), .keepalive(50)])
                == [10, 10, 10, 40, 50]
        )
        #expect(positions([.begin(10), .keepalive(12), .acknowledge(0), .commit(15, 1)]) == [10, 10, 10, 10])
    }

    @Test("the oldest transaction in flight decides")
    func several() {
        #expect(
            positions([
                .begin(10), .commit(15, 1), .begin(20), .commit(25, 3), .begin(30), .acknowledge(2),
                .acknowledge(3), .acknowledge(4), .commit(35, 5), .acknowledge(5),
            ]) == [10, 10, 10, 10, 10, 20, 30, 30, 30, 35]
        )
    }

    @Test("it never falls, and starts where the slot is")
    func start() {
        #expect(positions([.begin(10), .commit(15, 0), .acknowledge(0)], from: 100) == [100, 100, 100])
        #expect(positions([.keepalive(150), .keepalive(120)], from: 100) == [150, 150])
    }

    @Test("what was safe before the start needs no acknowledgement")
    func discarded() {
        #expect(positions([.commit(15, nil), .begin(20), .commit(25, 0)]) == [15, 20, 20])
    }

    @Test("a transaction that begins again after a reconnect is the same one")
    func reconnect() {
        #expect(
            positions([.begin(10), .keepalive(90), .begin(10), .commit(15, 1), .acknowledge(1)])
                == [10, 10, 10, 10, 15]
        )
    }

    /// Every event by itself: slow, and obviously right.
    private struct Model {
        var events: [(sequence: UInt64, commitLSN: UInt64)] = []
        var open: UInt64?
        var end: UInt64 = 0
        var acknowledged: UInt64?

        var limit: UInt64 {
            let unacknowledged = events.filter { $0.sequence > (acknowledged ?? 0) || acknowledged == nil }
            return (unacknowledged.map(\.commitLSN) + [open].compactMap(\.self)).min() ?? end
        }
    }

    @Test("agrees with a slow model on random walks", arguments: 1...40)
    func randomWalk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var tracker = SafePosition()
        var model = Model()
        var (sequence, position, last): (UInt64, UInt64, UInt64) = (0, 1, 0)
        for step in 0..<400 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where model.open == nil:
                position += .random(in: 1...50, using: &random)
                model.open = position
                tracker.record(.began(commitLSN: LSN(rawValue: position), commitTime: nil))
            case 1, 2:
                guard let open = model.open else { continue }
                model.events.append((sequence, open))
                sequence += 1
            case 3:
                if let open = model.open {
                    model.events.append((sequence, open))
                    position = open + .random(in: 1...9, using: &random)
                    tracker.record(.committed(endLSN: LSN(rawValue: position), sequence: sequence))
                    sequence += 1
                    model.open = nil
                    model.end = position
                } else {
                    position += .random(in: 0...5, using: &random)
                    tracker.record(.keepalive(walEnd: LSN(rawValue: position)))
                    model.end = position
                }
            default:
                guard sequence > 0 else { continue }
                let through = UInt64.random(in: (model.acknowledged ?? 0)..<sequence, using: &random)
                model.acknowledged = through
                tracker.acknowledge(through: through)
            }
            let now = tracker.position.rawValue
            #expect(now == model.limit, "seed \(seed), step \(step)")
            #expect(now >= last, "seed \(seed), step \(step)")
            last = now
        }
    }
}
