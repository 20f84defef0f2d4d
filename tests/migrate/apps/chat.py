"""A chat: WebSockets, uploads, streams, mounted files, middleware, and bodies of every kind."""

import asyncio
import tempfile
from pathlib import Path as FilePath
from typing import Annotated, Any, AsyncIterator, Dict, List, Optional

import fastapi
from fastapi import (
    APIRouter,
    Body,
    Depends,
    FastAPI,
    File,
    Form,
    Header,
    HTTPException,
    Query,
    Request,
    UploadFile,
    WebSocket,
    WebSocketDisconnect,
)
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

FILES = FilePath(tempfile.mkdtemp(prefix="chat-"))
SITE = FILES / "site" / "v1"
SITE.mkdir(parents=True)
(SITE / "site.css").write_text("body { color: teal }\n")

MAX_ROOMS = 3
MAX_BYTES = 1_000


# Models


class RoomIn(BaseModel):
    name: str = Field(pattern="^[a-z]+$", max_length=20)
    topic: Optional[str] = None


class Message(BaseModel):
    user: str
    text: str


class Room(RoomIn):
    members: int = 0
    messages: List[Message] = []


class RoomSummary(BaseModel):
    name: str
    topic: Optional[str]
    members: int


class Stored(BaseModel):
    room: str
    title: str
    name: str
    size: int
    lines: int


# What is kept


class RoomExists(Exception):
    """A room of the name is there."""


class TooManyRooms(Exception):
    """There are enough."""


class Rooms:
    def __init__(self) -> None:
        self.rooms: Dict[str, Room] = {}
        self.sockets: Dict[str, List[WebSocket]] = {}

    def add(self, room: RoomIn) -> Room:
        if room.name in self.rooms:
            raise RoomExists(room.name)
        if len(self.rooms) >= MAX_ROOMS:
            raise TooManyRooms()
        self.rooms[room.name] = Room(name=room.name, topic=room.topic)
        self.sockets[room.name] = []
        return self.rooms[room.name]

    def find(self, name: str) -> Room:
        try:
            return self.rooms[name]
        except KeyError:
            raise HTTPException(status_code=404, detail=f"there is no room {name}") from None

    def remove(self, name: str) -> Room:
        room = self.find(name)
        del self.rooms[name], self.sockets[name]
        return room

    async def join(self, name: str, user: str, socket: WebSocket) -> None:
        self.sockets[name].append(socket)
        self.rooms[name].members += 1
        await self.tell(name, f"{user} is here")

    def leave(self, name: str, socket: WebSocket) -> None:
        if socket in self.sockets.get(name, []):
            self.sockets[name].remove(socket)
            self.rooms[name].members -= 1

    async def tell(self, name: str, text: str) -> None:
        for socket in list(self.sockets[name]):
            await socket.send_text(text)


class Statistics:
    def __init__(self) -> None:
        self.paths: List[str] = []


# Dependencies


def get_rooms(request: Request) -> Rooms:
    return request.app.state.rooms


def get_room(name: str, rooms: Annotated[Rooms, Depends(get_rooms)]) -> Room:
    return rooms.find(name)


async def read_signature(request: Request, x_signature: Annotated[Optional[int], Header()] = None) -> bytes:
    body = await request.body()
    if x_signature != len(body):
        raise HTTPException(status_code=400, detail="the signature is wrong")
    return body


TheRooms = Annotated[Rooms, Depends(get_rooms)]
TheRoom = Annotated[Room, Depends(get_room)]


# The application

app = FastAPI(title="Chat")
app.add_middleware(CORSMiddleware, allow_origins=["https://chat.example.org"], allow_methods=["GET", "POST"])
app.state.rooms = Rooms()
app.state.statistics = Statistics()
router = APIRouter(prefix="/rooms", tags=["rooms"])


@app.on_event("startup")
def start() -> None:
    app.state.rooms.rooms.clear()


async def room_exists(request: Request, exc: RoomExists) -> JSONResponse:
    return JSONResponse({"exists": str(exc), "method": request.method}, 409)


app.add_exception_handler(RoomExists, room_exists)


@app.exception_handler(TooManyRooms)
async def too_many_rooms(request: Request, exc: TooManyRooms):
    return fastapi.responses.PlainTextResponse("enough rooms", status_code=507)


@app.get("/")
async def index() -> Dict[str, Any]:
    return {"chat": True, "rooms": len(app.state.rooms.rooms)}


@router.get("", response_model=List[RoomSummary])
async def list_rooms(rooms: TheRooms):
    return list(rooms.rooms.values())


@router.post("", response_model=RoomSummary, status_code=fastapi.status.HTTP_201_CREATED)
async def open_room(room: RoomIn, rooms: TheRooms):
    return rooms.add(room)


@router.get("/{name}", response_model=Room, response_model_exclude_none=True)
async def show_room(room: TheRoom):
    return room


@router.delete("/{name}")
async def close_room(name: str, rooms: TheRooms):
    return {"closed": rooms.remove(name).name}


@router.get("/{name}/messages")
async def messages(room: TheRoom, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> List[Message]:
    return room.messages[-limit:]


@router.get("/{name}/export")
async def export(room: TheRoom):
    async def lines() -> AsyncIterator[bytes]:
        for message in room.messages:
            await asyncio.sleep(0)
            yield f"{message.user}: {message.text}\n".encode()

    return StreamingResponse(lines(), media_type="text/plain", headers={"X-Room": room.name})


@router.get("/{name}/page")
async def page(room: TheRoom):
    items = "".join(f"<li>{message.text}</li>" for message in room.messages)
    return HTMLResponse(f"<h1>{room.name}</h1><ul>{items}</ul>")


@router.put("/{name}/topic")
async def set_topic(room: TheRoom, topic: Annotated[str, Body(min_length=1)]):
    room.topic = topic
    return {"topic": room.topic}


@router.post("/{name}/files", status_code=201)
async def upload_file(room: TheRoom, upload: UploadFile, title: Annotated[str, Form()]) -> Stored:
    content = await upload.read()
    if len(content) > MAX_BYTES:
        raise HTTPException(413, "too large")
    (FILES / f"{room.name}-{upload.filename}").write_bytes(content)
    return Stored(
        room=room.name,
        title=title,
        name=upload.filename or "",
        size=len(content),
        lines=content.count(b"\n"),
    )


@router.get("/{name}/files/{file}")
async def download(room: TheRoom, file: str):
    path = FILES / f"{room.name}-{file}"
    if not path.is_file():
        raise HTTPException(404, "no such file")
    return FileResponse(path, filename=file, media_type="text/plain")


@router.websocket("/{name}/live")
async def live(websocket: WebSocket, name: str, user: str = "somebody"):
    rooms: Rooms = websocket.app.state.rooms
    if name not in rooms.rooms:
        await websocket.close(code=1008)
        return
    await websocket.accept()
    await rooms.join(name, user, websocket)
    try:
        while True:
            text = await websocket.receive_text()
            if text == "/quit":
                break
            rooms.rooms[name].messages.append(Message(user=user, text=text))
            await rooms.tell(name, f"{user}: {text}")
        await websocket.close()
    except WebSocketDisconnect:
        pass
    finally:
        rooms.leave(name, websocket)


@app.websocket("/echo")
async def echo(websocket: WebSocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text.upper())


@app.post("/many")
async def many(files: Annotated[List[UploadFile], File()]):
    return {file.filename: len(await file.read()) for file in files}


@app.post("/hook")
async def hook(body: Annotated[bytes, Depends(read_signature)]):
    return Response(body[::-1], 202, media_type="application/octet-stream")


@app.get("/where/{place}")
async def where(place: str, request: Request):
    app.state.statistics.paths.append(request.url.path)
    return {
        "place": place,
        "path": request.url.path,
        "query": request.url.query,
        "scheme": request.url.scheme,
        "q": request.query_params.getlist("q"),
        "host": request.headers["host"],
    }


@app.get("/stats")
async def stats():
    return {"paths": app.state.statistics.paths}


app.include_router(router)
app.mount("/static", StaticFiles(directory=FILES / "site"), name="static")
