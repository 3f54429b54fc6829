import Hummingbird
import MartletCore

/// `GET /api/v1/version` and `POST /api/v1/filter`.
struct VersionRoutes: NativeRoutes {
    let version: String
    let environment: MartletCore.Environment

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/version") { _, _ in
            var json = JSONWriter(reserving: 64)
            json.beginObject()
            json.field("version", version)
            json.field("api", 1)
            json.endObject()
            return Response.json(json.bytes)
        }
        router.post("/api/v1/filter") { request, _ in
            let text = try await body(request, upTo: 1 << 20).requiredString("filter")
            var json = JSONWriter()
            json.beginObject()
            do throws(MartletError) {
                _ = try SearchText.filter(text, of: .runs, now: environment.now())
                json.field("ok", true)
            } catch {
                json.field("ok", false)
                json.field("message", error.message)
            }
            json.endObject()
            return Response.json(json.bytes)
        }
    }
}
