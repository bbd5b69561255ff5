import Glibc
import SinkTesting
import Testing

@testable import SluiceSinks

@Suite struct FullDeviceTests {
    /// The one device that is always full.
    @Test(.enabled(if: access("/dev/full", W_OK) == 0))
    func aFullDeviceEndsTheSink() async throws {
        let descriptor = open("/dev/full", O_WRONLY)
        defer { close(descriptor) }
        let sink = StandardOutputSink(descriptor: descriptor)
        _ = try await sink.open(for: shop, remembered: nil)
        await expectFailure(.noSpace, "Make room") { try await sink.deliver(changes(.row(1, 0))) }
        await expectFailure(.notOpen, "failed before") { try await sink.deliver(changes(.row(1, 0))) }
        await sink.close()
    }
}
