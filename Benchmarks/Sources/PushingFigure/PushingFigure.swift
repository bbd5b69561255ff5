import Foundation

/// Draws what `Pushing` has measured.
@main
struct PushingFigure {
    static func main() throws {
        let files = CommandLine.arguments.dropFirst().map { URL(fileURLWithPath: $0) }
        guard let output = files.last, files.count > 1 else {
            FileHandle.standardError.write(Data("Usage: PushingFigure CSV ... SVG\n".utf8))
            exit(2)
        }
        let figure = Figure(runs: try files.dropLast().map { try Run(file: $0) })
        try Data(figure.svg.utf8).write(to: output)
    }
}
