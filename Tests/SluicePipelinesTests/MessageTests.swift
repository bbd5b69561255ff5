import Synchronization
import Testing

@testable import SluicePipelines

@Suite struct MessageTests {
    @Test func metadataAreMadeWhenSomebodyAsks() {
        let calls = Mutex(0)
        let message = Message(1, acknowledgement: .none) {
            calls.withLock { $0 += 1 }
            return ["id": "a", "place": "b"]
        }
        let other = message.map { "\($0)" }
        #expect(calls.withLock { $0 } == 0)
        #expect(other.metadata == ["id": "a", "place": "b"] && message.metadata["id"] == "a")
        #expect(calls.withLock { $0 } == 2)
    }

    @Test func changedMetadataAreThoseOfTheMessageAlone() {
        let calls = Mutex(0)
        let message = Message(1, acknowledgement: .none) {
            calls.withLock { $0 += 1 }
            return ["id": "a", "place": "b"]
        }
        var changed = message
        changed.metadata["id"] = "c"
        changed.metadata["new"] = "d"
        #expect(calls.withLock { $0 } == 1)
        #expect(changed.metadata == ["id": "c", "place": "b", "new": "d"])
        #expect(message.metadata == ["id": "a", "place": "b"])
        changed.metadata = [:]
        #expect(changed.with("x").metadata.isEmpty)
    }

    @Test func thereIsAnAcknowledgementForEachReceipt() async {
        let recorder = Recorder()
        let acknowledgements = recorder.acknowledgements(of: (5..<8).lazy.map { .number($0) }, group: 3)
        let messages = acknowledgements.map { Message(0, acknowledgement: $0) }
        #expect(messages.count == 3 && acknowledgements.indices == 0..<3)
        var groups = AcknowledgementGroups()
        groups.add(messages.reversed())
        await groups.tell { _, _ in }
        #expect(recorder.calls == [Recorder.Call(group: 3, successful: [7, 6, 5], failed: [])])
    }
}
