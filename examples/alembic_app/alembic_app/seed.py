"""Data to develop with: ``python -m alembic_app.seed`` after ``alembic upgrade head``."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

from alembic_app import db
from alembic_app.models import Loan, LoanStatus, Member, Tool


async def seed() -> None:
    """Three members, five tools, two of them lent; the third loan is closed."""
    ana = Member(email="ana@example.org", name="Ana Whitlock")
    ben = Member(email="ben@example.org", name="Ben Osei")
    cem = Member(email="cem@example.org", name="Cem Aydin", balance=Decimal("-12.50"))
    drill = Tool(
        tag="drill-1",
        name="Hammer drill",
        daily_fee=Decimal("4.50"),
        keywords=["electric", "walls"],
        details={"watts": 850, "bits": [6, 8, 10]},
    )
    saw = Tool(tag="saw-1", name="Jigsaw", daily_fee=Decimal("3.00"), keywords=["electric"])
    ladder = Tool(tag="ladder-1", name="Ladder, 4 m", daily_fee=Decimal("2.00"))
    tiles = Tool(tag="tiles-1", name="Tile cutter", daily_fee=Decimal("6.25"), keywords=["walls"])
    press = Tool(tag="press-1", name="Cider press", daily_fee=Decimal("9.00"))
    async with db.new_session() as session:
        session.add_all([ana, ben, cem, drill, saw, ladder, tiles, press])
        await session.flush()
        session.add_all(
            [
                Loan(
                    tool=press,
                    member=cem,
                    status=LoanStatus.RETURNED,
                    due_on=date(2026, 2, 9),
                    borrowed_at=datetime(2026, 2, 2, 17, 30, tzinfo=UTC),
                    closed_at=datetime(2026, 2, 9, 16, 5, tzinfo=UTC),
                ),
                Loan(
                    tool=drill,
                    member=ana,
                    status=LoanStatus.OPEN,
                    due_on=date(2026, 3, 9),
                    borrowed_at=datetime(2026, 3, 2, 10, 0, tzinfo=UTC),
                ),
                Loan(
                    tool=ladder,
                    member=ben,
                    status=LoanStatus.OPEN,
                    due_on=date(2026, 3, 6),
                    borrowed_at=datetime(2026, 2, 27, 9, 15, tzinfo=UTC),
                ),
            ]
        )
        await session.commit()


async def main() -> None:
    await seed()
    await db.engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
