import Foundation
import Testing

extension Bench {
    /// Expects that a command refuses, names what it must, and shows nothing that it must not.
    func expectRefusal(
        _ arguments: [String],
        _ words: String...,
        secrets: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try refuse(arguments, words, secrets: secrets, sourceLocation: sourceLocation)
    }
}

/// Runs a command to its end and expects one message that names what it must, and shows nothing that it must not.
func refuse(
    _ arguments: [String],
    _ words: [String],
    secrets: [String] = [],
    environment: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let process = try SluiceProcess(arguments, environment: environment)
    let exit = try process.waitForExit(readingOutput: true)
    guard case .status(let status) = exit, status != 0 else {
        Issue.record("ended with \(exit): \(process.error.text)", sourceLocation: sourceLocation)
        return
    }
    let text = process.error.text.replacing("\\\"", with: "\"")
    for word in words {
        #expect(text.contains(word), "no \(word) in: \(text)", sourceLocation: sourceLocation)
    }
    for trace in secrets + ["Fatal error", "Crash", "Stack", ".swift:", "Optional(", "Error(", "<unknown"] {
        #expect(!text.contains(trace), "\(trace) in: \(text)", sourceLocation: sourceLocation)
    }
    let messages = text.components(separatedBy: "\"error\":").count - 1
    #expect(messages <= 1, "several messages: \(text)", sourceLocation: sourceLocation)
    #expect(process.output.text.isEmpty, sourceLocation: sourceLocation)
}
