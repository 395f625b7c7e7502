"""The library over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from alembic_app import db, service
from alembic_app.models import LoanStatus


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await db.engine.dispose()


app = FastAPI(title="Tool library", lifespan=lifespan)
Session = Annotated[AsyncSession, Depends(db.session)]


class ToolOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    tag: str
    name: str
    daily_fee: Decimal


class LoanOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    tool: ToolOut
    status: LoanStatus
    due_on: date


class LoanIn(BaseModel):
    email: str
    tag: str
    days: int = Field(ge=1, le=28)


@app.exception_handler(service.NotFoundError)
async def not_found(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=404)


@app.exception_handler(service.RefusedError)
async def refused(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=409)


@app.get("/tools", response_model=list[ToolOut])
async def free_tools(session: Session, keyword: str | None = None) -> object:
    return await service.free_tools(session, keyword)


@app.delete("/tools/{tag}", status_code=204)
async def retire_tool(session: Session, tag: str) -> None:
    await service.retire_tool(session, tag)


@app.get("/members/{email}/loans", response_model=list[LoanOut])
async def open_loans(session: Session, email: str) -> object:
    return await service.open_loans(session, email)


@app.post("/loans", status_code=201, response_model=LoanOut)
async def borrow(session: Session, asked: LoanIn) -> object:
    return await service.borrow(session, asked.email, asked.tag, asked.days)


@app.post("/loans/{loan_id}/return")
async def bring_back(session: Session, loan_id: int, on: date | None = None) -> dict[str, Decimal]:
    return {"charged": await service.bring_back(session, loan_id, on)}
