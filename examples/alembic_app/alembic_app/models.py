"""The tables, as SQLAlchemy 2 sees them."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, ENUM, JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class LoanStatus(StrEnum):
    OPEN = "open"
    RETURNED = "returned"
    LOST = "lost"


class Member(Base):
    __tablename__ = "members"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    balance: Mapped[Decimal] = mapped_column(Numeric(8, 2), server_default=text("0"))


class Tool(Base):
    __tablename__ = "tools"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    tag: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    daily_fee: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    keywords: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class Loan(Base):
    __tablename__ = "loans"
    __table_args__ = (
        Index(
            "loans_one_open_per_tool", "tool_id", unique=True, postgresql_where="status = 'open'"
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    tool_id: Mapped[int] = mapped_column(ForeignKey("tools.id", ondelete="CASCADE"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    status: Mapped[LoanStatus] = mapped_column(
        ENUM(
            LoanStatus,
            name="loan_status",
            create_type=False,
            values_callable=lambda statuses: [status.value for status in statuses],
        ),
        server_default=text("'open'"),
    )
    due_on: Mapped[date]
    borrowed_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True), server_default=text("now()")
    )
    closed_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))

    tool: Mapped[Tool] = relationship(lazy="joined")
    member: Mapped[Member] = relationship(lazy="joined")
