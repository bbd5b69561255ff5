import Foundation

/// The path of a folder that does not exist yet; what is made there goes away with this object.
final class SpoolFolder: Sendable {
    let path = FileManager.default.temporaryDirectory.appending(path: "sluice-spool-\(UUID().uuidString)").path

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    func write(_ name: String) {
        _ = FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data([1]))
    }
}
