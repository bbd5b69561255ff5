import Foundation
import Glibc
import Synchronization

/// Everything that is said on standard error: a live line on a terminal, JSON objects elsewhere.
final class Console: Sendable {
    enum Mode: Sendable {
        case live
        case json
        case silent
    }

    private let mode: Mode
    private let lineIsShown = Mutex(false)

    init(mode: Mode) {
        self.mode = mode
    }

    /// Something that the user should know.
    func notice(_ text: String) {
        switch mode {
        case .json: write(object: ["notice": text])
        case .live, .silent: write(text: "sluice: \(text)")
        }
    }

    func show(_ sample: ProgressSample) {
        switch mode {
        case .live:
            lineIsShown.withLock { $0 = true }
            write("\r\u{1B}[K\(sample.line)")
        case .json:
            write(object: sample)
        case .silent:
            break
        }
    }

    /// The last words of a stream that ended well.
    func finish(_ summary: StreamSummary) {
        if mode == .json {
            var sample = summary.sample
            sample.undelivered = summary.undelivered
            write(object: sample)
        }
        if mode == .live {
            write(text: "sluice: \(summary.changes) changes delivered; safe position \(summary.sample.safeLSN).")
        }
        if summary.undelivered > 0 {
            notice(
                "undelivered: \(summary.undelivered) changes were read and not delivered within "
                    + "\(StreamSession.drainDeadline). Nothing is lost: they will be sent again at the next start."
            )
        }
        if summary.deadLetters > 0 {
            notice(
                "\(summary.deadLetters) messages are not in the sink but among the dead letters, with their reasons."
            )
        }
        if summary.undecodable > 0 {
            notice("\(summary.undecodable) rows could not be decoded; their messages have the action \"undecodable\".")
        }
    }

    func fail(_ error: any Error) {
        switch mode {
        case .json: write(object: ["error": "\(error)"])
        case .live, .silent: write(text: "sluice: error: \(error)")
        }
    }

    private func write(object: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(object) else { return }
        write(String(decoding: data, as: UTF8.self) + "\n")
    }

    private func write(text: String) {
        let wasShown = lineIsShown.withLock { isShown in
            defer { isShown = false }
            return isShown
        }
        write((wasShown ? "\n" : "") + text + "\n")
    }

    private func write(_ text: String) {
        // One call for each piece, so that lines of several threads do not mix. Nobody can be told if it fails.
        var text = text
        text.withUTF8 { bytes in _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }
}

extension ProgressMode {
    /// - Parameter sinkIsTerminal: The data itself goes to a terminal, where a live line would be in its way.
    /// - Returns: The form for this process's standard error.
    func resolved(sinkIsTerminal: Bool) -> Console.Mode {
        switch self {
        case .none: .silent
        case .plain: .json
        case .auto: isatty(STDERR_FILENO) == 0 ? .json : sinkIsTerminal ? .silent : .live
        }
    }
}
